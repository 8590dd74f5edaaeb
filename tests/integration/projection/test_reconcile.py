"""`aml reconcile` finds and names every difference, mends the graph, and says how it was last."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.domain import ZERO_ADDRESS
from app.errors import InUse, NotReady
from app.operations.reconcile import reconcile
from app.operations.reconciliation_answer import Reconciliation
from app.projection import range_digests, repair
from app.projection.pending import project_pending
from app.projection.proof import prove
from app.projection.schema import wipe
from app.record.last_reconciliation import last_reconciliation
from app.runs.published_labels import published_labels
from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.locks import Lock, exclusive
from app.stores.postgres import Postgres
from app.stores.references import REFERENCES
from cypher import query
from ingest.consumer.reconciler import Reconciler
from ingest.instruments import CONSUMER
from tests.support.builders import story
from tests.support.content import graph_label_digest, is_equal
from tests.support.environment import environment
from tests.support.graph import spoil
from tests.support.ingesting import wait_until
from tests.support.projection_record import ROWS, add_batch, restate
from tests.support.record import ask, ignore, label, score, write

MOVE = """MATCH (a)-[t:TRANSFER {transfer_id: 3}]->(b) WITH a, b, t, properties(t) AS p DELETE t
    WITH a, b, p CREATE (b)-[n:TRANSFER]->(a) SET n = p"""


def natures(report: Reconciliation) -> set[tuple[str, int | None, str]]:
    return {(each.kind, each.number, each.nature) for each in report.first_differences}


@pytest.fixture
def projected(postgres: Postgres, graph: Graph) -> Graph:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    return graph


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("MATCH ()-[t:TRANSFER {transfer_id: 2}]->() SET t.revision = 10000", ("transfers", 2, "changed")),
        ("MATCH ()-[t:TRANSFER {transfer_id: 2}]->() SET t.send_share = 0.3", ("transfers", 2, "changed")),
        ("MATCH ()-[t:TRANSFER {transfer_id: 2}]->() DELETE t", ("transfers", 2, "missing")),
        (
            "MATCH (w:Wallet {wallet_id: 1}) CREATE (w)-[:TRANSFER {transfer_id: 777}]->(w)",
            ("transfers", 777, "surplus"),
        ),
        ("MATCH (w:Wallet {wallet_id: 1}) CREATE (w)-[:TRANSFER]->(w)", ("transfers", None, "surplus")),
        (MOVE, ("transfers", 3, "misplaced")),
        ("MATCH (w:Wallet {wallet_id: 1}) DETACH DELETE w", ("wallets", 1, "missing")),
        ("MATCH (w:Wallet {wallet_id: 1}) SET w.address = 'other'", ("wallets", 1, "changed")),
        ("MATCH (w:Wallet {wallet_id: 1}) SET w.wallet_id = 50", ("wallets", 50, "surplus")),
        ("MATCH (w:Wallet {wallet_id: 1}) REMOVE w.wallet_id", ("wallets", None, "surplus")),
        (
            "CREATE (:Wallet {wallet_id: 50})-[:TRANSFER {transfer_id: 60}]->(:Wallet {wallet_id: 51})",
            ("wallets", 51, "surplus"),
        ),
    ],
)
def test_each_difference_is_found_named_and_mended(
    postgres: Postgres, projected: Graph, statement: str, expected: tuple[str, int | None, str]
) -> None:
    spoil(projected, statement)
    found = reconcile(postgres, projected, ignore)
    assert expected in natures(found)
    assert (found.equal, found.repair) == (False, False)
    mended = reconcile(postgres, projected, ignore, repair=True)
    assert natures(mended) == natures(found)
    assert mended.equal
    assert mended.record_content == mended.graph_content
    again = reconcile(postgres, projected, ignore)
    assert (again.equal, again.differences) == (True, 0)


def test_what_other_hands_have_added_is_told_and_stays(postgres: Postgres, projected: Graph) -> None:
    assert reconcile(postgres, projected, ignore).foreign.nodes == 0
    spoil(
        projected,
        "CREATE (:Note {text: 'x'}), (:Note)-[:ABOUT]->(:Person)",
        "MATCH (a:Wallet {wallet_id: 1}), (b:Wallet {wallet_id: 2}) CREATE (a)-[:KNOWS]->(b)",
        "MATCH (w:Wallet {wallet_id: 1}) SET w.colour = 'red'",
        "MATCH (w:Wallet {wallet_id: 2}) SET w:Suspect",
    )
    for repair_it in (False, True):
        report = reconcile(postgres, projected, ignore, repair=repair_it)
        assert (report.foreign.nodes, report.foreign.edges, report.foreign.wallets) == (3, 2, 2)
        assert sorted(report.foreign.examples) == [
            "edge :ABOUT",
            "edge :KNOWS",
            "node :Note",
            "node :Person",
            "wallet 1: colour",
            "wallet 2: :Suspect",
        ]
        assert (report.equal, report.differences) == (True, 0)  # no answer reads any of it


def test_a_changed_property_is_named_with_both_values(postgres: Postgres, projected: Graph) -> None:
    spoil(projected, "MATCH ()-[t:TRANSFER {transfer_id: 2}]->() SET t.asset = 'USDC', t.amount_exact = '7'")
    report = reconcile(postgres, projected, ignore)
    (difference,) = report.first_differences
    told = {each.property: (each.in_record, each.in_graph) for each in difference.properties}
    assert told["asset"] == ("ETH", "USDC")
    assert told["amount"][1] == "7"
    assert difference.name == f"0x{2:064x}:2"
    sums = (
        int(report.record_content.asset_amounts["ethereum:ETH"]),
        int(report.graph_content.asset_amounts["ethereum:ETH"]),
    )
    assert sums[0] - sums[1] == int(told["amount"][0]) - 7


def test_a_range_that_is_all_wrong_is_mended_page_by_page(
    postgres: Postgres, projected: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(range_digests, "RANGE_IDS", 4)
    monkeypatch.setattr(repair, "PAGE_ROWS", 2)
    spoil(projected, "MATCH (w:Wallet) DETACH DELETE w")
    report = reconcile(postgres, projected, ignore, repair=True)
    assert (report.equal, report.differences) == (True, 9)
    assert is_equal(postgres, projected)


def test_an_edge_that_was_moved_is_restated_at_its_place(postgres: Postgres, projected: Graph) -> None:
    spoil(projected, MOVE)
    restate(postgres, 3, send_drain=0.25)
    assert reconcile(postgres, projected, ignore).equal


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda it: f"{it.table}.{it.column}-{it.target}")
def test_every_reference_is_checked(postgres: Postgres, reference: tuple[str, ...]) -> None:
    from app.stores.references import broken_references  # noqa: PLC0415 - used once

    table, key, column, target, _ = reference
    add_batch(postgres, ROWS)
    with postgres.transaction() as connection:
        if table in _ROW_OF:
            connection.execute(text(_ROW_OF[table]))
        if table == target or (key == column and table in {"transactions", "flows"}):
            other = "flows" if table == "transactions" else "transactions"
            connection.execute(text(f"DELETE FROM {other} WHERE transfer_id = 2"))  # noqa: S608
        else:
            first = f"(SELECT min({key}) FROM {table})"  # noqa: S608
            connection.execute(text(f"UPDATE {table} SET {column} = 99 WHERE {key} = {first}"))  # noqa: S608
        broken = [each for each in broken_references(connection) if each is not None]
    named = {(each.table, each.column, each.refers_to.partition(".")[0]) for each in broken}
    assert (table, column, target) in named
    assert all(each.rows >= 1 and "->" in each.examples[0] for each in broken)


_ROW_OF = {
    "absences": "INSERT INTO absences (transfer_id, returned_batch_id, retracted_batch_id) VALUES (2, 2, 1)",
    "exposures": "INSERT INTO exposures VALUES (1, 1, 1, 1, 1, 0, 0, 1, 0, '{}', '{}')",
    "risk_scores": "INSERT INTO risk_scores (run_id, wallet_id, ownership_score, source_score, "
    "destination_score, rules, weighting, unpriced_transfers, cells, shares, points) "
    "VALUES (1, 1, 0, 0, 0, '{}', 'usd', 0, '{}', '{}', '{}')",
    "retractions": "INSERT INTO retractions (chain, transaction_hash, asset, observed_at, batch_id, "
    "retracted) VALUES ('ethereum', '0x1', 'ETH', now(), 1, 0)",
}


def test_a_broken_reference_of_the_record_is_unequal_and_is_not_touched(
    postgres: Postgres, projected: Graph
) -> None:
    with postgres.transaction() as connection:
        connection.execute(text("UPDATE transactions SET batch_id = 99 WHERE transfer_id = 2"))
    report = reconcile(postgres, projected, ignore, repair=True)
    (broken,) = report.broken_references
    assert (broken.table, broken.column, broken.rows, broken.examples) == (
        "transactions",
        "batch_id",
        1,
        ["2 -> 99"],
    )
    assert not report.equal
    assert report.record_content == report.graph_content
    assert ask(postgres, "SELECT batch_id FROM transactions WHERE transfer_id = 2") == 99


def test_labels_of_the_published_run_are_compared_and_mended(postgres: Postgres, graph: Graph) -> None:
    transfers = story().transfers
    write(postgres, transfers)
    project_pending(postgres, graph)
    wallets = [(t.chain, t.sender) for t in transfers if t.sender != ZERO_ADDRESS]  # that one has a label
    first, second, third = list(dict.fromkeys(wallets))[:3]
    for chain, sender in (first, second):
        label(postgres, sender, "mixer", chain=chain)
    score(postgres, graph)
    labels = published_labels(postgres)
    assert labels is not None
    assert reconcile(postgres, graph, ignore).label_comparison == "compared"
    spoil(
        graph,
        f"MATCH (w:Wallet {{address: '{first[1]}'}}) SET w.category = 'exchange'",
        f"MATCH (w:Wallet {{address: '{second[1]}'}}) REMOVE w.category, w.label",
        f"MATCH (w:Wallet {{address: '{third[1]}'}}) SET w.category = 'mixer'",
    )
    report = reconcile(postgres, graph, ignore)
    assert {(each.kind, each.name, each.nature) for each in report.first_differences} == {
        ("labels", ":".join(first), "changed"),
        ("labels", ":".join(second), "missing"),
        ("labels", ":".join(third), "surplus"),
    }
    assert not report.equal
    assert reconcile(postgres, graph, ignore, repair=True).equal
    spoil(graph, f"MATCH (w:Wallet {{address: '{first[1]}'}}) DETACH DELETE w")
    assert reconcile(postgres, graph, ignore, repair=True).equal
    carried = {(row["chain"], row["address"]) for row in graph.read(query("labels/read"))}
    assert {first, second} <= carried
    spoil(graph, "MATCH (s:GraphState) SET s.label_set_digest = null")
    unconfirmed = reconcile(postgres, graph, ignore)
    assert (unconfirmed.equal, unconfirmed.label_comparison) == (True, "unconfirmed")
    assert reconcile(postgres, graph, ignore, repair=True).label_comparison == "compared"
    assert graph_label_digest(graph) == labels.digest


def test_the_last_comparison_is_remembered_with_all_it_found(postgres: Postgres, projected: Graph) -> None:
    with postgres.transaction() as connection:
        assert last_reconciliation(connection) is None
    spoil(projected, "MATCH ()-[t:TRANSFER {transfer_id: 2}]->() DELETE t")
    report = reconcile(postgres, projected, ignore)
    with postgres.transaction() as connection:
        last = last_reconciliation(connection)
        stored = connection.execute(text("SELECT report FROM reconciliations")).scalar_one()
    assert last is not None
    assert (last.equal, last.differences, last.broken_references) == (False, 1, 0)
    assert last.completed_at <= datetime.now(UTC)
    assert Reconciliation.model_validate(stored) == report


def test_one_comparison_at_a_time_and_none_of_a_graph_that_is_not_prepared(
    postgres: Postgres, projected: Graph
) -> None:
    with exclusive(postgres, Lock.RECONCILE, "taken"), pytest.raises(InUse):
        reconcile(postgres, projected, ignore)
    wipe(projected)
    with pytest.raises(NotReady, match="reload-graph"):
        reconcile(postgres, projected, ignore)


def test_the_consumer_compares_when_it_is_time_and_mends_nothing(
    postgres: Postgres, projected: Graph
) -> None:
    spoil(projected, "MATCH ()-[t:TRANSFER {transfer_id: 2}]->() DELETE t")
    with Reconciler(postgres, projected, 0.05).running():
        wait_until(lambda: bool(ask(postgres, "SELECT count(*) FROM reconciliations") >= 2))
    assert ask(postgres, "SELECT bool_or(equal OR repair) FROM reconciliations") is False
    assert not prove(postgres, projected).equal
    compared = ask(postgres, "SELECT count(*) FROM reconciliations")
    with Reconciler(postgres, projected, 0).running(), Reconciler(postgres, projected, 3_600).running():
        pass
    assert ask(postgres, "SELECT count(*) FROM reconciliations") == compared


def test_no_error_ends_the_comparisons_of_the_consumer(
    postgres: Postgres, projected: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of this program, here twice: it is logged and counted, and the next time comes."""
    errors: Iterator[Exception] = iter([ZeroDivisionError("division by zero"), AssertionError()])

    def failing_first(*arguments: Any) -> Reconciliation:  # noqa: ANN401 - as `reconcile`
        for error in errors:
            raise error
        return reconcile(*arguments)

    def failed() -> float:
        return CONSUMER.get_sample_value("aml_reconciliations_failed_total") or 0.0

    monkeypatch.setattr("ingest.consumer.reconciler.reconcile", failing_first)
    before = failed()
    with capture_logs() as logs, Reconciler(postgres, projected, 0.05).running():
        wait_until(lambda: bool(ask(postgres, "SELECT count(*) FROM reconciliations")), seconds=20)
    assert failed() == before + 2
    assert [line["log_level"] for line in logs if line["event"] == "reconciliation_failed"] == ["error"] * 2
    assert ask(postgres, "SELECT bool_and(equal) FROM reconciliations") is True


def test_the_command_names_what_differs_and_ends_with_1_until_it_is_mended(
    projected: Graph, settings: Settings
) -> None:
    given = environment(settings)

    def aml(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", "reconcile", *arguments]
        return subprocess.run(command, cwd=PROJECT, env=given, capture_output=True, text=True, check=False)

    spoil(projected, "MATCH ()-[t:TRANSFER {transfer_id: 2}]->() SET t.asset = 'USDC'")
    found = aml()
    assert found.returncode == 1
    assert "asset: ETH, USDC" in found.stdout
    assert "aml reconcile --repair" in found.stderr
    mended = aml("--repair", "--json")
    assert mended.returncode == 0
    report = json.loads(mended.stdout)
    assert (report["equal"], report["differences"]) == (True, 1)
