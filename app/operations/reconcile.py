"""Compares the graph with the record, repairs the graph on request, and stores the report in the record."""

from dataclasses import asdict
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from app.domain import Progress
from app.operations.graph_levels import level_differences, project_levels
from app.operations.operation import Operation, Operations
from app.operations.reconciliation_answer import MAX_LISTED, ForeignContent, Reconciliation, StoreContent
from app.projection.canonical_lines import Entity
from app.projection.differences import Difference
from app.projection.foreign import foreign_content
from app.projection.labels import label_differences
from app.projection.proof import ContentDigest, Proof, SyncedView, prove, synced_view
from app.projection.repair import Repair
from app.projection.schema import prepare
from app.projection.state import read_state
from app.record.identity import record_id
from app.runs.published_labels import published_labels, relabel
from app.stores.graph import Graph
from app.stores.limits import Work
from app.stores.locks import Lock, exclusive
from app.stores.postgres import Postgres
from app.stores.references import REFERENCES, BrokenReference, broken_references

log = structlog.get_logger()


class _Findings:
    """Counts differences and keeps the first; repairs each range at once when there is a repair."""

    def __init__(self, repair: Repair | None) -> None:
        self.repair = repair
        self.count = 0
        self.listed: list[Difference] = []

    def add_range(self, view: SyncedView, entity: Entity, differences: list[Difference]) -> None:
        self.add(differences)
        if self.repair is not None:
            self.repair.apply(view, entity, differences)

    def add_foreign(self, proof: Proof) -> None:
        for kind, count in (("transfers", proof.foreign_transfers), ("wallets", proof.foreign_wallets)):
            self.add([Difference(kind, None, "without an id of the record", "surplus")] * count)

    def add(self, differences: list[Difference]) -> None:
        self.count += len(differences)
        self.listed += differences[: MAX_LISTED - len(self.listed)]


def reconcile(
    postgres: Postgres, graph: Graph, progress: Progress, *, repair: bool = False
) -> Reconciliation:
    """Compares both stores range by range, the record's references, and the labels in use.

    Ingestion and scoring go on meanwhile. The report is stored in the record.

    Args:
        postgres: the record.
        graph: the graph, prepared for this record; a repair prepares it.
        progress: called with each step and the part of it that is done (0..1).
        repair: also makes the graph what the record says, and compares again.

    Raises:
        InUse: another process compares them, or the graph is not this record's.
        NotReady: the graph was never prepared.
        Unequal: the graph has seen batches the record does not have: it has to be rebuilt.
        DependencyMissing: a store does not answer.
    """
    started_at, started = datetime.now(UTC), perf_counter()
    if repair:
        prepare(graph, postgres.run(record_id))
    refusal = "The graph is being compared with the record already. Wait until that has ended."
    with exclusive(postgres, Lock.RECONCILE, refusal):
        findings = _Findings(Repair(graph) if repair else None)
        proof = prove(postgres, graph, progress, on_differences=findings.add_range)
        findings.add_foreign(proof)
        if findings.repair is not None and findings.count:
            with synced_view(postgres, graph) as view:
                findings.repair.finish(view)
        labels = _compare_labels(postgres, graph)
        findings.add(labels or [])
        if repair and (findings.count or labels is None):
            relabel(postgres, graph)
            labels = _compare_labels(postgres, graph)
        levels = level_differences(postgres, graph)
        findings.add(levels or [])
        if repair and (findings.count or levels is None):
            project_levels(postgres, graph, everything=True)
            levels = level_differences(postgres, graph)
        if repair and findings.count:
            proof = prove(postgres, graph, lambda step, part: progress(f"{step} again", part))
        broken = _broken_references(postgres, progress)
        report = Reconciliation(
            equal=proof.equal and not labels and not levels and not broken,
            repair=repair,
            differences=findings.count,
            first_differences=findings.listed,
            broken_references=broken,
            label_comparison="unconfirmed" if labels is None else "compared",
            level_comparison="unconfirmed" if levels is None else "compared",
            foreign=ForeignContent(**asdict(foreign_content(graph))),
            **_contents(postgres, proof),
            started_at=started_at,
            seconds=round(perf_counter() - started, 3),
        )
        with postgres.transaction() as connection:
            _store(connection, report)
    _log(report)
    return report


def start_reconciliation(
    operations: Operations, postgres: Postgres, graph: Graph, *, repair: bool
) -> Operation:
    """Starts a comparison as work of this process.

    Raises:
        InUse: this process is comparing them already.
    """

    def work(progress: Progress) -> dict[str, object]:
        stores = postgres.during(Work.BULK), graph.during(Work.BULK)
        return reconcile(*stores, progress, repair=repair).model_dump(mode="json")

    return operations.start("reconcile", work)


def _compare_labels(postgres: Postgres, graph: Graph) -> list[Difference] | None:
    """None when the graph has not confirmed them. Before a first run no label is expected."""
    before = read_state(graph)
    found = published_labels(postgres)
    return [] if found is None else label_differences(graph, found.labels, found.digest, before)


def _broken_references(postgres: Postgres, progress: Progress) -> list[BrokenReference]:
    broken: list[BrokenReference] = []
    with postgres.transaction(snapshot=True) as connection:
        for number, reference in enumerate(broken_references(connection), start=1):
            broken += [reference] if reference is not None else []
            progress("references", number / len(REFERENCES))
    return broken


def _contents(postgres: Postgres, proof: Proof) -> dict[str, StoreContent]:
    with postgres.transaction() as connection:
        names = {str(asset_id): name for asset_id, name in connection.execute(_ASSETS)}

    def content(digested: ContentDigest) -> StoreContent:
        amounts = {
            names.get(asset_id, f"asset {asset_id}"): str(amount)
            for asset_id, amount in digested.amounts.items()
        }
        return StoreContent(
            transfers=digested.transfers,
            wallets=digested.wallets,
            digest=digested.digest,
            asset_amounts=dict(sorted(amounts.items())),
        )

    return {"record_content": content(proof.record), "graph_content": content(proof.graph)}


def _store(connection: Connection, report: Reconciliation) -> None:
    values: dict[str, Any] = report.model_dump(
        include={"started_at", "seconds", "equal", "repair", "differences"}
    )
    values["broken_references"] = sum(broken.rows for broken in report.broken_references)
    connection.execute(_STORE_REPORT, {**values, "report": report.model_dump(mode="json")})


def _log(report: Reconciliation) -> None:
    write_log = log.info if report.equal else log.error
    write_log(
        "reconciled",
        equal=report.equal,
        repair=report.repair,
        differences=report.differences,
        first=[asdict(each) for each in report.first_differences[:3]],
        broken_references=[broken.model_dump() for broken in report.broken_references],
        transfers=report.record_content.transfers,
        seconds=report.seconds,
    )


_ASSETS = text("SELECT asset_id, chain || ':' || asset FROM assets")
_STORE_REPORT = text("""
    INSERT INTO reconciliations (started_at, seconds, equal, repair, differences, broken_references, report)
    VALUES (:started_at, :seconds, :equal, :repair, :differences, :broken_references, :report)
""").bindparams(bindparam("report", type_=JSONB))
