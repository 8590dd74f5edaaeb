"""`auto` takes path queries where they are few, else the ledger; a run says which answered, and why."""

import random
from collections.abc import Iterable

import pytest

from app.domain import Transfer
from app.errors import QueryTimeout
from app.labels.store import import_labels
from app.policy.policy import Policy
from app.projection.pending import project_all_pending
from app.runs.compute import EngineChoice
from app.runs.engine_choice import CypherLimits
from app.runs.run import run_scoring
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import four_hops, policy, retraction, story, transfer
from tests.support.hack import Hack
from tests.support.record import label, rows, write
from tests.support.run_story import tell_story

PLENTY = CypherLimits(auto_seconds=300)
"""A slow machine changes no answer here."""


def chosen(
    postgres: Postgres,
    graph: Graph | None,
    limits: CypherLimits = PLENTY,
    engine: EngineChoice = "auto",
    by: Policy | None = None,
) -> tuple[str, str]:
    """The engine of a run, and its reason."""
    run_id = run_scoring(postgres, graph, by or policy(), engine=engine, limits=limits)
    (found,) = rows(postgres, "SELECT engine, engine_reason FROM scoring_runs WHERE run_id = :id", id=run_id)
    return found[0], found[1]


def tell(postgres: Postgres, graph: Graph, transfers: Iterable[Transfer]) -> None:
    write(postgres, transfers)
    project_all_pending(postgres, graph)


def random_ledger(wallets: int, transfers: int) -> list[Transfer]:
    chance = random.Random(wallets)
    pairs = (chance.sample(range(1, wallets + 1), 2) for _ in range(transfers))
    return [transfer(n, *pair, chance.randrange(1, 10**18)) for n, pair in enumerate(pairs, 1)]


@pytest.mark.parametrize(("wallets", "walks"), [(60, "15,722,853 walks"), (200, "623,486 walks")])
def test_a_dense_ledger_is_not_walked(postgres: Postgres, graph: Graph, wallets: int, walks: str) -> None:
    label(postgres, 1, "mixer")
    label(postgres, 2, "exchange")
    tell(postgres, graph, random_ledger(wallets, 4_000))
    assert chosen(postgres, graph)[0] == "ledger"
    engine, reason = chosen(postgres, graph, by=four_hops())
    assert engine == "ledger"
    assert reason.startswith(walks)
    assert "more than 20,000" in reason


def test_a_hub_with_few_walks_and_many_transfers_to_look_at_is_not_walked(
    postgres: Postgres, graph: Graph
) -> None:
    """Each send empties the hub: 1,800 walks, but a query looks at all 600 deposits for each of 600 sends."""
    ledger = [
        passed
        for n in range(600)
        for passed in (transfer(2 * n, 10 + n, 5, 100), transfer(2 * n + 1, 5, 3_000 + n, 100))
    ]
    tell(postgres, graph, ledger)
    assert chosen(postgres, graph)[0] == "ledger"


def test_a_real_hack_is_walked(postgres: Postgres, graph: Graph, hack: Hack) -> None:
    import_labels(postgres, hack.labels(), policy().categories)
    tell(postgres, graph, hack.transfers())
    assert chosen(postgres, graph)[0] == "cypher"
    engine, reason = chosen(postgres, graph, by=four_hops())
    assert engine == "cypher"
    assert reason.startswith("12,343 walks")
    assert "at most 20,000" in reason


def test_a_simulated_story_is_walked(postgres: Postgres, graph: Graph) -> None:
    for each in story().labels:
        label(postgres, each.address, each.category, chain=each.chain, name=each.name)
    tell(postgres, graph, story().transfers)
    assert chosen(postgres, graph)[0] == "cypher"


def test_labels_and_retractions_take_walks_away(postgres: Postgres, graph: Graph) -> None:
    pay = [transfer(10, 1, 2, 100), transfer(20, 2, 3, 50), transfer(30, 3, 4, 50), transfer(40, 9, 2, 5)]
    tell(postgres, graph, pay)
    assert chosen(postgres, graph)[1].startswith("7 walks")  # 4 of one transfer, 2 of two, 1 of three
    label(postgres, 3, None, name="A name alone")
    assert chosen(postgres, graph)[1].startswith("7 walks")
    label(postgres, 3, "exchange")
    assert chosen(postgres, graph)[1].startswith("5 walks")
    write(postgres, [retraction(pay[0])], offset=10)
    project_all_pending(postgres, graph)
    assert chosen(postgres, graph)[1].startswith("3 walks")


def test_more_transfers_than_walks_are_allowed_need_no_count(postgres: Postgres, graph: Graph) -> None:
    tell_story(postgres)
    assert chosen(postgres, graph, PLENTY._replace(max_walks=2)) == (
        "ledger",
        "3 transfers, more than 2 walks: ledger",
    )


def test_the_earlier_limit_of_transfers_still_counts_when_it_is_set(postgres: Postgres, graph: Graph) -> None:
    tell_story(postgres)
    assert chosen(postgres, graph, PLENTY._replace(max_transfers=2)) == (
        "ledger",
        "3 transfers, more than 2: ledger",
    )
    assert chosen(postgres, graph, PLENTY._replace(max_transfers=3))[0] == "cypher"


@pytest.mark.parametrize("engine", ["cypher", "ledger"])
def test_an_engine_that_is_asked_for_by_name_answers(
    postgres: Postgres, graph: Graph, engine: EngineChoice
) -> None:
    tell_story(postgres)
    nothing = CypherLimits(max_walks=0)
    assert chosen(postgres, graph, nothing, engine) == (engine, f"{engine} was asked for")


def test_without_a_graph_the_ledger_answers(postgres: Postgres) -> None:
    tell_story(postgres)
    assert chosen(postgres, None) == ("ledger", "there is no graph: ledger")


def test_path_queries_that_take_too_long_leave_the_run_to_the_ledger(
    postgres: Postgres, graph: Graph
) -> None:
    tell_story(postgres)
    engine, reason = chosen(postgres, graph, CypherLimits(auto_seconds=1e-6))
    assert engine == "ledger"
    assert reason.startswith("6 walks")
    assert reason.endswith(": cypher; then ledger: path queries took more than 1e-06 s")


def test_a_run_by_path_queries_alone_has_one_limit_for_all_its_wallets(
    postgres: Postgres, graph: Graph
) -> None:
    tell(postgres, graph, random_ledger(60, 1_000))
    with pytest.raises(QueryTimeout, match="AML_CYPHER_ENGINE_SECONDS"):
        chosen(postgres, graph, CypherLimits(seconds=0.5), "cypher")
    (ended,) = rows(
        postgres,
        "SELECT status, extract(epoch FROM completed_at - started_at)::float8 FROM scoring_runs",
    )
    assert ended[0] == "failed"
    assert ended[1] < 30  # the graph alone would walk for minutes
