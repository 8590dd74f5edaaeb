"""A rebuild ends in a graph equal to the record, whatever the graph held and whoever writes meanwhile."""

import pytest
from sqlalchemy import text

from app.errors import InUse
from app.projection.labels import project_labels
from app.projection.locks import rebuild_lock
from app.projection.pending import pending_batches, project_pending
from app.projection.proof import prove
from app.projection.rebuild import rebuild
from app.projection.rows import TRANSFER_ROWS
from app.projection.schema import prepare, wipe
from app.projection.state import count, read_state
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import query
from tests.support.builders import address, effective_label
from tests.support.content import graph_label_digest
from tests.support.graph import spoil
from tests.support.projection_record import ROWS, add_batch, restate, retract
from tests.support.record import ask, ignore


def test_an_empty_record_gives_an_empty_equal_graph(postgres: Postgres, graph: Graph) -> None:
    report = rebuild(postgres, graph, ignore)
    assert (report.transfers, report.wallets, report.equal) == (0, 0, True)


def test_a_rebuild_repairs_any_graph(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    retract(postgres, 5)
    project_pending(postgres, graph)
    add_batch(postgres, ROWS)
    spoil(
        graph,
        "MATCH ()-[t:TRANSFER {transfer_id: 1}]->() SET t.amount_exact = '1', t.revision = 10000",
        "MATCH ()-[t:TRANSFER {transfer_id: 2}]->() DELETE t",
        "MATCH (a)-[t:TRANSFER {transfer_id: 3}]->(b) DELETE t CREATE (b)-[:TRANSFER {transfer_id: 3}]->(a)",
        "MATCH (w:Wallet {wallet_id: 1}) SET w.address = 'other' CREATE (w)-[:TRANSFER]->(w)",
        "MATCH (w:Wallet {wallet_id: 1}) CREATE (w)-[:TRANSFER {transfer_id: 777}]->(w)",
        "CREATE (:Wallet {wallet_id: 777})-[:TRANSFER {transfer_id: 778}]->(:Wallet)",
    )
    seen: list[str] = []
    report = rebuild(postgres, graph, lambda step, _part: seen.append(step))
    assert (report.transfers, report.wallets, report.equal) == (12, 3, True)
    assert report.record_digest == report.graph_digest
    assert postgres.run(pending_batches) == []
    assert list(dict.fromkeys(seen)) == [
        "wallets",
        "transfers",
        "sweep",
        "proof of wallets",
        "proof of transfers",
    ]
    assert project_pending(postgres, graph).batches == 0


def test_a_wiped_graph_is_rebuilt(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    wipe(graph)
    prepare(graph, ask(postgres, "SELECT record_id FROM record"))
    assert rebuild(postgres, graph, ignore).equal
    assert postgres.run(pending_batches) == []


def test_a_record_older_than_its_graph_is_rebuilt(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    last = add_batch(postgres, [(1, 7), (7, 8)])
    project_pending(postgres, graph)
    with postgres.transaction() as connection:
        for table in ("batches", "transactions", "wallets"):
            connection.execute(text(f"DELETE FROM {table} WHERE batch_id = :batch"), {"batch": last})  # noqa: S608
        connection.execute(text("DELETE FROM flows WHERE revision = :batch"), {"batch": last})
    report = rebuild(postgres, graph, ignore)
    assert (report.transfers, report.wallets, report.swept, report.equal) == (6, 3, 4, True)
    add_batch(postgres, ROWS)
    assert project_pending(postgres, graph).batches == 1
    assert prove(postgres, graph).equal


def test_pending_batches_may_be_projected_while_it_runs(
    postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TRANSFER_ROWS, "page_rows", 2)
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)

    def consume(step: str, part: float) -> None:
        if step == "transfers" and part < 1:
            restate(postgres, 1, send_drain=part)
            add_batch(postgres, [(1, 20 + int(part * 10)), (4, 1)])
            project_pending(postgres, graph)
        elif step == "sweep":
            add_batch(postgres, [(50, 51)])

    report = rebuild(postgres, graph, consume)
    assert report.equal
    assert (
        report.transfers == ask(postgres, "SELECT count(*) FROM transactions") == count(graph).transfers > 8
    )
    assert postgres.run(pending_batches) == []


def test_a_rebuild_that_was_interrupted_is_run_again(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    wipe(graph)
    prepare(graph, ask(postgres, "SELECT record_id FROM record"))

    def stop(step: str, _part: float) -> None:
        if step == "transfers":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(postgres, graph, stop)
    assert postgres.run(pending_batches) != []
    assert rebuild(postgres, graph, ignore).equal


def test_one_rebuild_at_a_time(postgres: Postgres, graph: Graph) -> None:
    with rebuild_lock(postgres), pytest.raises(InUse):
        rebuild(postgres, graph, ignore)
    assert rebuild(postgres, graph, ignore).equal


def test_labels_stay_and_are_not_confirmed(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    project_labels(graph, [effective_label(1)], "one")
    rebuild(postgres, graph, ignore)
    assert graph_label_digest(graph) is None
    assert [row["address"] for row in graph.read(query("labels/read"))] == [address(1)]


def test_every_rebuild_is_a_new_generation(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    for generation in (2, 3):
        rebuild(postgres, graph, ignore)
        state = read_state(graph)
        assert state is not None
        assert state.generation == generation


def test_the_proof_finds_what_the_graph_lacks(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    assert prove(postgres, graph).equal
    spoil(graph, "MATCH ()-[t:TRANSFER {transfer_id: 4}]->() DELETE t")
    proof = prove(postgres, graph)
    assert not proof.equal
    assert (proof.record.transfers, proof.graph.transfers) == (6, 5)
