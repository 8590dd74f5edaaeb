"""What changed between two runs: the parts from transfers, labels and policy add up to the change exactly."""

import random

import pytest
from sqlalchemy import text

from app.answers.comparisons import RunDiff, ScoreChange, WalletDiff
from app.errors import InvalidInput, NotFound, NotReady
from app.labels.store import remove_labels
from app.record.wallets import find_wallet
from app.runs.history import history
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.diff_lists import run_diff, wallet_diff
from tests.support.builders import other_policy, policy, retraction, transfer
from tests.support.record import label, score, write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, tell_story

MICRO = 1_000_000
PARTS = ("by_transfers", "by_prices", "by_labels", "by_policy", "by_engine")


@pytest.fixture
def story(postgres: Postgres) -> Postgres:
    tell_story(postgres)
    return postgres


def compared(postgres: Postgres, a: int, b: int, limit: int = 1000, cursor: str | None = None) -> RunDiff:
    return run_diff(postgres, a, b, limit, cursor)


def by_wallet(found: RunDiff) -> dict[str, ScoreChange]:
    return {change.wallet.address: change for change in found.changes}


def parts(change: ScoreChange) -> list[float]:
    return [float(getattr(change.parts, part)) for part in PARTS]


def adds_up(change: ScoreChange) -> bool:
    def micro(points: str | None) -> int:
        return round(float(points or 0) * MICRO)

    whole = micro(change.score_after) - micro(change.score_before)
    return sum(micro(getattr(change.parts, part)) for part in PARTS) == whole == change.change_micro


def test_between_equal_runs_nothing_changed(story: Postgres) -> None:
    found = compared(story, score(story), score(story))
    assert (found.changed, found.changes, found.next) == (0, [], None)


def test_a_change_by_transfers_alone(story: Postgres) -> None:
    a = score(story)
    write(story, [transfer(15, DAVE, ALICE, 100)])
    changes = by_wallet(compared(story, a, score(story)))
    assert (changes[ALICE].score_before, changes[ALICE].score_after) == ("70.000000", "35.000000")
    assert parts(changes[ALICE]) == [-35, 0, 0, 0, 0]
    assert (changes[DAVE].score_before, changes[DAVE].score_after, changes[DAVE].change) == (
        None,
        "0.000000",
        "0.000000",
    )
    assert MIXER not in changes


def test_a_change_by_labels_alone(story: Postgres) -> None:
    a = score(story)
    remove_labels(story, source="a list")
    label(story, CAROL, "scam")
    changes = by_wallet(compared(story, a, score(story)))
    assert all(parts(change) == [0, 0, parts(change)[2], 0, 0] for change in changes.values())
    assert parts(changes[CAROL])[2] == 75 - 29.166666
    assert changes[CAROL].score_after == "75.000000"


def test_a_change_by_the_policy_alone(story: Postgres) -> None:
    found = compared(story, score(story), score(story, policy=other_policy()))
    assert [change.wallet.address for change in found.changes] == [MIXER, ALICE, BOB, CAROL]
    assert [parts(change)[3] for change in found.changes] == [-10, -10, -7, -4.166666]
    assert all(adds_up(change) for change in found.changes)


def test_all_three_at_once_add_up(story: Postgres) -> None:
    a = score(story)
    write(story, [transfer(15, DAVE, ALICE, 100)])
    label(story, DAVE, "scam")
    found = compared(story, a, score(story, policy=other_policy()))
    alice = by_wallet(found)[ALICE]
    assert (alice.score_before, alice.score_after) == ("70.000000", "67.500000")
    assert parts(alice) == [-35, 0, 37.5, -5, 0]
    assert all(adds_up(change) for change in found.changes)


def test_backwards_the_changes_are_reversed(story: Postgres) -> None:
    a = score(story)
    label(story, CAROL, "scam")
    b = score(story)
    there, back = compared(story, a, b), compared(story, b, a)
    assert [-change.change_micro for change in back.changes] == [c.change_micro for c in there.changes]


@pytest.mark.parametrize("seed", range(4))
def test_parts_add_up_on_random_ledgers(postgres: Postgres, seed: int) -> None:
    chance = random.Random(seed)
    transfers = [
        transfer(n, *chance.sample(range(1, 13), 2), amount=chance.randrange(1, 10**6))
        for n in chance.sample(range(1, 400), 120)
    ]
    write(postgres, transfers[:70])
    for wallet in (1, 2):
        label(postgres, wallet, "mixer")
    a = score(postgres)
    write(postgres, transfers[70:])
    write(postgres, [retraction(transfers[3], transfer_index=None)])
    label(postgres, 3, "scam")
    found = compared(postgres, a, score(postgres, policy=other_policy()))
    assert found.changed > 5
    assert all(adds_up(change) for change in found.changes)
    assert all(change.parts.by_engine == "0.000000" for change in found.changes)
    sizes = [abs(change.change_micro) for change in found.changes]
    assert sizes == sorted(sizes, reverse=True)


def test_rounding_of_another_engine_is_a_part_of_its_own(story: Postgres, graph: Graph) -> None:
    found = compared(story, score(story, graph, "ledger"), score(story, graph, "cypher", other_policy()))
    assert found.changed >= 4
    for change in found.changes:
        assert adds_up(change)
        assert abs(parts(change)[4]) <= 4e-6


def test_a_label_of_a_category_the_first_policy_does_not_know_counts_from_the_policy_step(
    story: Postgres,
) -> None:
    without = policy(("scam", "swindle"))
    a = score(story, policy=without)
    label(story, DAVE, "scam")
    change = by_wallet(compared(story, a, score(story)))[DAVE]
    assert parts(change) == [0, 0, 0, 75, 0]


def test_changes_page_by_cursor(story: Postgres) -> None:
    a, b = score(story), score(story, policy=other_policy())
    whole = compared(story, a, b).changes
    first = compared(story, a, b, limit=3)
    second = compared(story, a, b, limit=3, cursor=first.next)
    assert (first.changes + second.changes, second.next) == (whole, None)
    with pytest.raises(InvalidInput, match="cursor"):
        compared(story, a, b, cursor="nonsense")


def test_one_wallet_shows_its_contributions_before_and_after(story: Postgres) -> None:
    a = score(story)
    write(story, [transfer(15, DAVE, ALICE, 100)])
    found = wallet_diff(story, a, score(story), f"ethereum:{ALICE}")
    assert isinstance(found, WalletDiff)
    assert (found.risk_level_before, found.risk_level_after) == ("high", "medium")
    (mixer,) = found.contributions
    assert (mixer.direction, mixer.category, mixer.hop) == ("source", "mixer", 1)
    assert (mixer.share_before, mixer.share_after) == (1.0, 0.5)
    assert (mixer.points_before, mixer.points_after) == ("70.000000", "35.000000")


def test_a_wallet_that_did_not_change_says_so(story: Postgres) -> None:
    found = wallet_diff(story, score(story), score(story), ALICE)
    assert (
        found.score_change.score_before,
        found.score_change.score_after,
        found.score_change.change_micro,
    ) == (
        "70.000000",
        "70.000000",
        0,
    )
    assert wallet_diff(story, 1, 2, DAVE).score_change.score_after is None


def test_only_completed_runs_and_known_wallets_are_compared(story: Postgres) -> None:
    a = score(story)
    with pytest.raises(NotFound, match="no scoring run 9"):
        compared(story, a, 9)
    with pytest.raises(NotFound, match="No transfer"):
        wallet_diff(story, a, a, "0x" + "ff" * 20)
    with story.transaction() as connection:
        connection.execute(text("UPDATE scoring_runs SET status = 'failed'"))
    with pytest.raises(NotReady, match="is failed"):
        compared(story, a, a)


def test_history_lists_a_wallets_scores_newest_first(story: Postgres) -> None:
    for each in (other_policy(), policy(), other_policy()):
        score(story, policy=each)
    with story.transaction() as connection:
        alice = find_wallet(connection, ALICE)
        whole = history(connection, alice, 10, None)
        first = history(connection, alice, 2, None)
        second = history(connection, alice, 2, first.next)
    assert [(each.run_id, each.score, each.published) for each in whole.scores] == [
        (3, "60.000000", True),
        (2, "70.000000", False),
        (1, "60.000000", False),
    ]
    assert first.scores + second.scores == whole.scores
    assert second.next is None


def test_a_diff_lists_the_wallets_between_two_levels(story: Postgres) -> None:
    a = score(story)
    write(story, [transfer(15, DAVE, ALICE, 100)])
    b = score(story)
    whole = compared(story, a, b)
    moves = {(each.risk_level_before, each.risk_level_after) for each in whole.changes}
    for before, after in moves:
        found = run_diff(story, a, b, 1, None, risk_level_before=before, risk_level_after=after)
        expected = [c for c in whole.changes if (c.risk_level_before, c.risk_level_after) == (before, after)]
        listed = list(found.changes)
        while found.next is not None:
            found = run_diff(story, a, b, 1, found.next, risk_level_before=before, risk_level_after=after)
            listed += found.changes
        assert listed == expected
        assert (found.changed, found.total) == (whole.changed, len(expected))
    assert (
        run_diff(story, a, b, 1, None, risk_level_after="severe").changes
        == [each for each in whole.changes if each.risk_level_after == "severe"][:1]
    )
