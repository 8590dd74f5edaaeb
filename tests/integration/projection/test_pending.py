"""Pending batches are written into the graph once, in any order, with any interruption."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import pytest
from neo4j.time import DateTime
from sqlalchemy import text

from app.errors import InUse, NotReady, Unequal
from app.projection.locks import projection_lock
from app.projection.pending import (
    graph_lag,
    mark_projected,
    pending_batches,
    project_all_pending,
    project_pending,
)
from app.projection.rows import TRANSFER_ROWS
from app.projection.schema import prepare, wipe
from app.projection.state import count, owned_state, read_state
from app.projection.write import Step, write_transfers
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import Query, query
from tests.support.builders import transfer
from tests.support.content import is_equal
from tests.support.projection_record import BIG, ROWS, add_batch, restate, retract
from tests.support.record import ask
from tests.support.record import write as write_record

EDGES = Query(
    "test/edges",
    "",
    frozenset(),
    ("t",),
    "CYPHER 25 MATCH (s)-[t:TRANSFER]->(r) "
    "RETURN properties(t) AS t, s.address AS sender, r.address AS receiver "
    "ORDER BY t.transfer_id",
)
ANNOTATION = {"send_pool", "send_drain", "send_share", "unobserved", "recv_pool", "recv_drain"}


def edges(graph: Graph) -> list[dict[str, object]]:
    return [row["t"] for row in graph.read(EDGES)]


def record_id(postgres: Postgres) -> str:
    return str(ask(postgres, "SELECT record_id FROM record"))


def assert_equal(postgres: Postgres, graph: Graph) -> None:
    assert is_equal(postgres, graph)


def test_an_edge_carries_every_value_of_its_transfer(postgres: Postgres, graph: Graph) -> None:
    batch = add_batch(postgres, [(1, 2)])
    project_pending(postgres, graph)
    (row,) = graph.read(EDGES)
    assert (row["sender"][-1], row["receiver"][-1]) == ("1", "2")
    edge = row["t"]
    assert edge.pop("occurred_at") == DateTime(2024, 1, 2, 3, 4, 6, 678901000, tzinfo=UTC)
    pools = {name: ask(postgres, f"SELECT {name}_pool_id FROM flows") for name in ("send", "recv")}  # noqa: S608
    assert edge == {
        "transfer_id": 1,
        "transaction_hash": f"0x{1:064x}",
        "seq": (101 << 32) + (1 << 16) + 2,
        "asset_id": 1,
        "asset": "ETH",
        "decimals": 18,
        "amount": float(BIG - 1),
        "amount_exact": str(BIG - 1),
        "usd_value": 1.25,
        "send_pool": pools["send"] << 28 | 1,
        "send_drain": 1 / 7,
        "send_share": 0.5,
        "unobserved": 1e30,
        "recv_pool": pools["recv"] << 28 | 1,
        "recv_drain": 1e-300,
        "batch": batch,
    }


def test_pending_batches_are_projected_and_the_graph_equals_the_record(
    postgres: Postgres, graph: Graph
) -> None:
    first, second = add_batch(postgres, ROWS), add_batch(postgres, ROWS)
    assert postgres.run(pending_batches) == [first, second]
    lag = postgres.run(graph_lag)
    assert (lag.batches, lag.transfers) == (2, 12)
    assert lag.seconds > 0
    projected = project_pending(postgres, graph)
    assert (projected.batches, projected.wallets, projected.transfers) == (2, 3, 12)
    assert postgres.run(pending_batches) == []
    assert postgres.run(graph_lag).batches == 0
    assert (count(graph).wallets, count(graph).transfers) == (3, 12)
    assert_equal(postgres, graph)


def test_projecting_again_changes_nothing(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    before = edges(graph)
    with postgres.transaction() as connection:
        connection.execute(text("UPDATE batches SET projected_at = NULL"))
    assert project_pending(postgres, graph).transfers == len(ROWS)
    assert edges(graph) == before
    assert project_pending(postgres, graph).batches == 0


def test_a_restated_transfer_is_updated(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    batch = restate(postgres, 2, send_drain=0.1 + 0.2, unobserved=7)
    assert project_pending(postgres, graph).transfers == 1
    edge = edges(graph)[1]
    assert (edge["send_drain"], edge["unobserved"]) == (0.1 + 0.2, 7.0)
    assert (edge["revision"], edge["batch"]) == (batch, 1)
    assert_equal(postgres, graph)
    restate(postgres, 2, unobserved=0)
    project_pending(postgres, graph)
    assert "unobserved" not in edges(graph)[1]
    assert_equal(postgres, graph)


def test_a_stale_row_changes_nothing(postgres: Postgres, graph: Graph) -> None:
    batch = add_batch(postgres, ROWS)
    with postgres.transaction() as connection:
        stale = list(TRANSFER_ROWS.of_batches(connection, [batch]))
    restate(postgres, 2, send_drain=9.5)
    project_pending(postgres, graph)
    before = edges(graph)
    state = owned_state(graph, record_id(postgres))
    for page in stale:
        assert write_transfers(graph, state, page) == page.rows
    assert edges(graph) == before


def test_a_retracted_transfer_stays_without_its_annotation(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    retract(postgres, 3)
    project_pending(postgres, graph)
    edge = edges(graph)[2]
    assert edge["retracted"] is True
    assert not edge.keys() & {*ANNOTATION, "unobserved"}
    assert all(other.keys() >= ANNOTATION for other in edges(graph) if other["transfer_id"] != 3)
    assert_equal(postgres, graph)


def test_an_edge_may_come_before_the_rows_of_its_wallets(postgres: Postgres, graph: Graph) -> None:
    later = ask(
        postgres,
        "INSERT INTO batches (batch_id, stored, duplicates, dead, restated, retracted) "
        "VALUES (1000, 1, 0, 0, 0, 0) RETURNING batch_id",
    )
    add_batch(postgres, ROWS, wallets_batch=later)
    assert project_pending(postgres, graph, limit_transfers=1).wallets == 0
    assert (count(graph).wallets, count(graph).transfers) == (3, 6)
    assert project_pending(postgres, graph).wallets == 3
    assert_equal(postgres, graph)


def test_a_call_writes_about_as_many_transfers_as_it_may(postgres: Postgres, graph: Graph) -> None:
    batches = [add_batch(postgres, ROWS) for _ in range(5)]
    assert project_pending(postgres, graph, limit_transfers=1).batches == 1
    assert project_pending(postgres, graph, limit_transfers=12).batches == 2
    assert postgres.run(pending_batches) == batches[3:]
    assert project_all_pending(postgres, graph).batches == 2
    assert_equal(postgres, graph)


def test_a_crash_before_the_record_commits_leaves_the_batch_pending(postgres: Postgres, graph: Graph) -> None:
    batch = add_batch(postgres, ROWS)

    def crash() -> None:
        with projection_lock(postgres) as connection:
            state = owned_state(graph, record_id(postgres))
            for page in TRANSFER_ROWS.of_batches(connection, [batch]):
                write_transfers(graph, state, page)
            mark_projected(connection, graph, state.record_id, [batch])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert postgres.run(pending_batches) == [batch]
    project_pending(postgres, graph)
    assert_equal(postgres, graph)


def test_a_large_batch_is_written_page_by_page(
    postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TRANSFER_ROWS, "page_rows", 4)
    batch = add_batch(postgres, ROWS)
    with postgres.transaction() as connection:
        assert [page.rows for page in TRANSFER_ROWS.of_batches(connection, [batch])] == [4, 2]
    assert project_pending(postgres, graph).transfers == len(ROWS)
    assert_equal(postgres, graph)


def test_one_writer_at_a_time(postgres: Postgres, graph: Graph) -> None:
    batch = add_batch(postgres, ROWS)
    with projection_lock(postgres):
        assert project_pending(postgres, graph, wait=False).batches == 0
    assert postgres.run(pending_batches) == [batch]
    assert project_pending(postgres, graph, wait=False).batches == 1


def test_a_graph_that_was_lost_heals_itself(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    wipe(graph)
    with pytest.raises(NotReady):
        project_pending(postgres, graph)
    prepare(graph, record_id(postgres))
    add_batch(postgres, ROWS)
    assert project_all_pending(postgres, graph).batches == 2
    assert_equal(postgres, graph)


def test_a_graph_newer_than_the_record_is_refused(postgres: Postgres, graph: Graph) -> None:
    batch = add_batch(postgres, ROWS)
    graph.write(
        [(query("write/mark_projected"), {"record_id": record_id(postgres), "batch_id": batch + 1})],
    )
    with pytest.raises(Unequal, match="reload-graph"):
        project_pending(postgres, graph)


def test_the_graph_of_another_record_is_refused_until_wiped(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    other = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(InUse, match="--wipe"):
        prepare(graph, other)
    with pytest.raises(InUse):
        owned_state(graph, other)
    wipe(graph)
    assert (count(graph).wallets, count(graph).transfers, read_state(graph)) == (0, 0, None)
    prepare(graph, other)
    prepare(graph, other)
    assert owned_state(graph, other).projected_batch is None


def test_wallets_of_nobody_are_not_adopted(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    graph.write([(query("cleanup/wipe_state"), {})])
    with pytest.raises(InUse, match="unknown"):
        prepare(graph, record_id(postgres))


def operators(plan: object) -> set[str]:
    assert isinstance(plan, dict)
    found = {plan["operatorType"].partition("@")[0]}
    return found.union(*(operators(child) for child in plan.get("children", [])))


def test_edges_are_written_through_unique_indexes_without_holding_rows_back(graph: Graph) -> None:
    found = operators(graph.plan(query("write/transfers")).plan)
    assert "DirectedRelationshipUniqueIndexSeek(Locking)" in found
    assert not {name for name in found if "Scan" in name or name == "Eager"}


def test_counts_come_from_the_count_store(graph: Graph) -> None:
    found = operators(graph.plan(query("state/counts")).plan)
    assert {"NodeCountFromCountStore", "RelationshipCountFromCountStore"} <= found


def test_a_batch_that_restates_many_transfers_is_written_page_by_page(
    postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late transfer may restate a million others: no transaction of Neo4j takes them all."""
    write_record(postgres, [transfer(10 + n, 1 + n % 2, 2 - n % 2, 5 + n) for n in range(40)])
    project_all_pending(postgres, graph)
    assert write_record(postgres, [transfer(5, 3, 1, 10**6)], offset=40).restated == 40
    pages, write = [], graph.write

    def watched(steps: Sequence[Step]) -> list[list[dict[str, Any]]]:
        pages.extend(len(p["transfers"]["transfer_id"]) for _, p in steps if "transfers" in p)
        return write(steps)

    monkeypatch.setattr(graph, "write", watched)
    monkeypatch.setattr(TRANSFER_ROWS, "page_rows", 7)

    assert project_pending(postgres, graph).transfers == 41

    assert pages == [7] * 5 + [6]
    assert is_equal(postgres, graph)
