"""Filtered lists of scores, the change since the run before, and a wallet's transfers, by cursor."""

from collections.abc import Iterator

import httpx
import pytest

from app.answers.scores import TopScores
from app.errors import InvalidInput
from app.record.transfers import transaction_transfers, wallet_transfers
from app.record.wallets import find_wallet
from app.runs.board.filters import ScoreFilter
from app.runs.board.listing import level_counts, top_scores
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import other_policy, transfer
from tests.support.record import score, write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, tell_story
from tests.support.serving import served


@pytest.fixture
def two_runs(postgres: Postgres) -> Postgres:
    """Run 1, and run 2 under a policy that thinks less of mixers."""
    tell_story(postgres)
    score(postgres)
    score(postgres, policy=other_policy())
    return postgres


@pytest.fixture
def client(settings: Settings, two_runs: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    with served(settings, two_runs, graph) as client:
        yield client


def listed(postgres: Postgres, run_id: int | None = None, **only: str) -> TopScores:
    with postgres.transaction(snapshot=True) as connection:
        return top_scores(connection, 100, None, run_id=run_id, only=ScoreFilter(**only))


def test_every_filter_lists_exactly_the_wallets_it_names(two_runs: Postgres) -> None:
    every = listed(two_runs).scores
    assert len(every) == 4
    for name, of in {
        "level": lambda each: each.risk_level,
        "category": lambda each: each.main_category,
        "direction": lambda each: each.direction,
    }.items():
        values = {of(each) for each in every if of(each) is not None}
        assert values
        for value in values:
            assert listed(two_runs, **{name: value}).scores == [each for each in every if of(each) == value]
    assert listed(two_runs, level="severe").scores == []
    with two_runs.transaction() as connection:
        counts = level_counts(connection, 2)
    assert counts == {level: len(listed(two_runs, level=level).scores) for level in counts}
    assert sum(counts.values()) == len(every)


def test_the_change_is_since_the_completed_run_before(two_runs: Postgres) -> None:
    before, after = listed(two_runs, 1), listed(two_runs)
    assert (before.previous_run_id, after.previous_run_id, after.run.run_id) == (None, 1, 2)
    assert {each.change for each in before.scores} == {None}
    old = {each.wallet.address: each.score for each in before.scores}
    assert [
        (each.score, each.score_before, each.change) for each in after.scores if each.wallet.address == ALICE
    ] == [("60.000000", "70.000000", "-10.000000")]
    assert all(each.score_before == old[each.wallet.address] for each in after.scores)


def test_pages_of_a_filtered_list_are_the_list(client: httpx.Client) -> None:
    whole = client.get("/scores/top", params={"limit": 100, "run_id": 1, "direction": "source"}).json()
    assert whole["next"] is None
    pages, cursor = [], None
    while True:
        given = {"limit": 1, "run_id": 1, "direction": "source"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/scores/top", params=given).json()
        pages += page["scores"]
        cursor = page["next"]
        if cursor is None:
            break
    assert pages == whole["scores"]
    assert client.get("/scores/top?risk_level=harmless").status_code == 422
    assert client.get("/scores/top?run_id=9").status_code == 404


def test_a_wallets_transfers_page_latest_first(two_runs: Postgres) -> None:
    write(two_runs, [transfer(n, ALICE, BOB, 1, asset=f"T{n}") for n in range(60, 65)])
    with two_runs.transaction() as connection:
        bob = find_wallet(connection, BOB)
        whole = wallet_transfers(connection, bob, 100, None)
        found, cursor = [], None
        while True:
            page = wallet_transfers(connection, bob, 2, cursor)
            found += page.transfers
            cursor = page.next
            if cursor is None:
                break
        assert found == whole.transfers
        assert [(each.block_number, each.way) for each in found] == [
            (64, "in"), (63, "in"), (62, "in"), (61, "in"), (60, "in"), (30, "out"), (20, "in"),
        ]  # fmt: skip
        assert found[-2].receiver == CAROL
        assert found[-2].unobserved == "10"
        assert wallet_transfers(connection, find_wallet(connection, DAVE), 10, None).transfers == []
        with pytest.raises(InvalidInput):
            wallet_transfers(connection, bob, 10, "nonsense")


def test_a_transaction_is_found_by_its_hash(two_runs: Postgres) -> None:
    with two_runs.transaction() as connection:
        (found,) = transaction_transfers(connection, f"0x{10:064X}".replace("0X", "0x"), 10)
        assert (found.sender, found.receiver, found.amount, found.way) == (MIXER, ALICE, "100", None)
        assert transaction_transfers(connection, "0xnothing", 10) == []
