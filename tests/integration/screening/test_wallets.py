"""Screenings of wallets: by the run, by the graph's paths and by the record alone; all say the same."""

from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import text

from app.answers.scores import WalletScore
from app.answers.screenings import Screening
from app.domain import parse_points
from app.labels.effective import effective_labels
from app.labels.store import import_labels, remove_labels
from app.projection.pending import project_all_pending
from app.runs import run_row, snapshot
from app.screening.screen import Screener
from app.screening.subjects import WalletSubject
from app.screening.wallets import level_rank
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.verify import verify_run
from tests.support.builders import address, four_hops, label_row, policy, story, transfer
from tests.support.record import label, rows, score, write
from tests.support.run_story import ALICE, BOB, DAVE, MIXER, tell_project_and_score, tell_story


@pytest.fixture
def screener(settings: Settings, postgres: Postgres, graph: Graph) -> Screener:
    return Screener(postgres, graph, settings)


def wallet(screening: Screening) -> WalletScore:
    assert len(screening.wallets) == 1
    return screening.wallets[0].wallet_score


def judged(screening: Screening) -> tuple[object, ...]:
    """What must be the same, whichever way it was computed."""
    score = wallet(screening)
    return (
        score.risk_level, score.band, score.direction, score.flags, score.rules, score.main_reason,
        [one.sentence for one in score.reasons], score.usd_received, score.usd_sent, score.weighting,
        score.unpriced_transfers, score.label, len(score.exposures), len(score.residuals),
        score.sent_beyond_received,
    )  # fmt: skip


def amounts(screening: Screening) -> tuple[dict[str, float], dict[str, float]]:
    """Shares and USD by category; engines differ in the last digits of shares."""
    shares, usd = {}, {}
    for one in wallet(screening).amounts:
        name = f"{one.direction} {one.category} {one.listed} {one.firm}"
        shares[name] = one.share
        usd |= {f"{name} direct": float(one.direct_usd), f"{name} indirect": float(one.indirect_usd)}
    return shares, usd


def points(screening: Screening) -> dict[tuple[object, ...], int]:
    parts = (*wallet(screening).contributions, *wallet(screening).other_contributions)
    return {
        (one.direction, one.category, one.hop, one.listed, one.firm): parse_points(one.points)
        for one in parts
    }


def assert_same(one: Screening, other: Screening) -> None:
    assert judged(one) == judged(other), one.wallets[0].wallet_score.wallet
    (shares, usd), (other_shares, other_usd) = amounts(one), amounts(other)
    assert shares == pytest.approx(other_shares, abs=1e-9)
    assert usd == pytest.approx(other_usd, abs=0.011)  # a cent, where it is rounded
    mine, theirs = points(one), points(other)
    assert mine.keys() == theirs.keys()
    assert all(abs(mine[key] - theirs[key]) <= 1 for key in mine), (mine, theirs)


@pytest.mark.parametrize("seed", [3, 8])
def test_every_wallet_of_a_story_is_the_same_by_run_by_paths_and_by_the_record(
    screener: Screener, postgres: Postgres, graph: Graph, seed: int
) -> None:
    told = story(seed)
    import_labels(
        postgres,
        [label_row(one.address, one.category, chain=one.chain) for one in told.labels],
        policy().categories,
    )
    write(postgres, told.transfers)
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger", four_hops())
    names = [
        f"{chain}:{found}" for chain, found in rows(postgres, "SELECT chain, address FROM wallets ORDER BY 2")
    ]
    subjects = [WalletSubject(type="wallet", address=name) for name in names]
    by_run, by_paths, by_ledger = (
        screener.screen(subjects, source=way) for way in ("run", "paths", "ledger")
    )
    assert {one.wallets[0].computed_by for one in by_ledger} == {"ledger"}
    assert len(names) > 200
    complete = 0
    for run, paths, ledger in zip(by_run, by_paths, by_ledger, strict=True):
        assert run.status == "complete"
        assert_same(ledger, run)
        if paths.status == "complete" and paths.wallets[0].computed_by == "paths":
            complete += 1
            assert_same(paths, run)
        assert level_rank(paths.risk_level) >= level_rank(run.risk_level)
    assert complete >= 0.95 * len(names)


def test_what_came_after_the_run_is_asked_of_the_graph(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    before = screener.screen_wallet(BOB)
    assert (before.status, before.wallets[0].computed_by) == ("complete", "run")
    write(postgres, [transfer(60, MIXER, BOB, 1_000)], offset=60)
    project_all_pending(postgres, graph)
    after = screener.screen_wallet(BOB)
    assert (after.status, after.wallets[0].computed_by) == ("complete", "run_and_paths")
    assert wallet(after).freshness is not None
    assert wallet(after).freshness.transfers == 1
    score(postgres, graph, "ledger")
    assert_same(screener.screen_wallet(BOB), after)


def test_a_graph_that_lags_or_is_away_makes_the_answer_incomplete_and_never_lower(
    screener: Screener, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    run = screener.screen_wallet(BOB)
    write(postgres, [transfer(60, MIXER, BOB, 1_000)], offset=60)
    hasty = Screener(postgres, graph, settings.model_copy(update={"screening_seconds": 0.05}))
    for lagging in (hasty.screen_wallet(BOB), Screener(postgres, None, settings).screen_wallet(BOB)):
        assert (lagging.status, lagging.wallets[0].computed_by) == ("incomplete", "run")
        assert "1 of its transfers came after scoring run" in (lagging.detail or "")
        assert lagging.risk_level == run.risk_level
        assert lagging.score == run.score


SPELLINGS = {
    "base:{}": "base", "eth:{}": "ethereum", "Ethereum:{}": "ethereum", "eip155:1:{}": "ethereum",
    "eip155:137:{}": "polygon", " {}\u200b ": None, "https://etherscan.io/address/{}": "ethereum",
    "https://basescan.org/address/{}#tokentxns": "base", "{}": None,
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_listed_address_that_never_moved_is_severe_with_its_list_in_every_spelling(
    screener: Screener, postgres: Postgres, graph: Graph, spelling: str
) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    listed = datetime(2023, 5, 1, tzinfo=UTC)
    label(
        postgres, address(77), "sanctioned", source="ofac", name="Somebody", confidence=100, valid_from=listed
    )
    for spelled in (address(77), address(77).upper()):
        screening = screener.screen_wallet(spelling.format(spelled))
        assert screening.status == "never_seen", screening
        assert screening.risk_level == "severe"
        (found,) = screening.wallets
        assert found.wallet_score.wallet.chain == SPELLINGS[spelling] or SPELLINGS[spelling] is None
        assert [(one.source, one.name, one.valid_from) for one in found.labels] == [
            ("ofac", "Somebody", listed)
        ]
    assert screening.computed_from is not None
    assert ("ofac", 1) in [(one.source, one.entries) for one in screening.computed_from.lists]


def test_before_any_run_a_listed_wallet_is_severe_and_others_are_not_low(
    screener: Screener, postgres: Postgres
) -> None:
    tell_story(postgres)
    label(postgres, DAVE, "sanctioned", confidence=100)
    assert screener.screen_wallet(DAVE).risk_level == "severe"
    unknown = screener.screen_wallet(ALICE)
    assert (unknown.status, unknown.risk_level) == ("incomplete", "unrated")
    never = screener.screen_wallet(address(999))
    assert (never.status, never.risk_level, never.wallets) == ("never_seen", None, [])


def test_a_label_that_came_or_went_after_the_run_counts_at_once(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    label(postgres, ALICE, "sanctioned", confidence=100, source="new list")
    assert screener.screen_wallet(ALICE).risk_level == "severe"
    without_graph = Screener(postgres, None, screener._settings).screen_wallet(ALICE)
    assert (without_graph.status, without_graph.risk_level) == ("incomplete", "severe")
    remove_labels(postgres, source="new list")
    again = screener.screen_wallet(ALICE)
    score(postgres, graph, "ledger")
    assert_same(screener.screen_wallet(ALICE), again)


def test_what_is_no_address_is_refused_and_the_others_are_answered(screener: Screener) -> None:
    texts = [BOB, "nonsense", "0x12", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", f"{BOB[:-1]}\u0430"]
    found = screener.screen([WalletSubject(type="wallet", address=one) for one in texts])
    assert [one.status for one in found] == ["never_seen", "refused", "refused", "refused", "refused"]
    assert [one.refused_reason for one in found] == [
        None,
        "bad_address",
        "bad_address",
        "bad_checksum",
        "look_alike",
    ]
    assert all((one.detail or "").startswith("Not an address: ") for one in found[1:])
    assert [one.screening_id for one in found] == [1, 2, 3, 4, 5]


def test_a_screening_computed_again_is_equal_and_says_what_was_changed(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    write(postgres, [transfer(60, MIXER, BOB, 1_000)], offset=60)
    project_all_pending(postgres, graph)
    label(postgres, address(77), "sanctioned", confidence=100)
    made = screener.screen(
        [WalletSubject(type="wallet", address=one) for one in (ALICE, BOB, address(77), MIXER)]
    )
    assert {one.wallets[0].computed_by for one in made} == {"run", "run_and_paths", "label"}
    write(postgres, [transfer(5, MIXER, ALICE, 7)], offset=80)
    remove_labels(postgres, source="a list")
    score(postgres, None, "ledger")
    for one in made:
        again = screener.verify(one.screening_id)
        assert again.equal, again
    with postgres.transaction() as connection:
        connection.execute(
            text(
                "UPDATE screenings SET answer ="
                " jsonb_set(answer, '{wallets,0,wallet_score,risk_level}', '\"low\"')"
            )
        )
    assert not screener.verify(made[3].screening_id).equal


def test_a_listed_key_is_listed_on_every_evm_chain_in_runs_too_unless_it_is_a_contract(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    key, token, other = address(71), address(72), address(73)
    for listed in (key, token):
        label(postgres, listed, "sanctioned", confidence=100, source="ofac")
    label(postgres, other, "mixer", confidence=100)
    write(
        postgres,
        [
            *(transfer(n, one, 90 + n, 100, chain="base") for n, one in enumerate((key, token, other), 1)),
            transfer(9, 95, 96, 5, asset=token),
            transfer(10, 97, 98, 5, chain="bitcoin"),
        ],
    )
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")
    subjects = [
        WalletSubject(type="wallet", address=f"base:{one}") for one in (key, token, other, address(91))
    ]
    by_run, by_paths, by_ledger = (
        screener.screen(subjects, source=way) for way in ("run", "paths", "ledger")
    )
    assert [one.risk_level for one in by_run] == ["severe", "low", "low", "severe"]
    for run, paths, ledger in zip(by_run, by_paths, by_ledger, strict=True):
        assert_same(paths, run)
        assert_same(ledger, run)
    for name, level in ((key, "severe"), (token, None), (other, None)):
        assert screener.screen_wallet(f"polygon:{name}").risk_level == level
    verified = verify_run(postgres, 1, lambda _step, _part: None)
    assert verified.equal, verified.differences


def test_a_run_of_before_is_verified_as_it_was_and_screened_as_it_should_be(
    screener: Screener, postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(postgres, address(71), "sanctioned", confidence=100)
    write(postgres, [transfer(1, address(71), 91, 100, chain="base")])
    project_all_pending(postgres, graph)
    monkeypatch.setattr(snapshot, "effective_labels", partial(effective_labels, keys_everywhere=False))
    monkeypatch.setattr(run_row, "ARITHMETIC", 3)
    score(postgres, graph, "ledger")
    monkeypatch.undo()
    assert verify_run(postgres, 1, lambda _step, _part: None).equal
    found = screener.screen_wallet(f"base:{address(71)}")
    assert (found.status, found.risk_level) == ("complete", "severe")
    assert screener.verify(found.screening_id).equal
