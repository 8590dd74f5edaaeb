"""Compares the graph with the record, and mends the graph on request; remembers how the last time ended."""

from dataclasses import asdict
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import structlog
from pydantic import BaseModel, Field
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from app.answers.base import EXAMPLE_TIME
from app.domain import Progress
from app.labels.effective import label_set_digest
from app.operations.operation import Operation, Operations
from app.operations.relabel import published_labels, relabel
from app.projection.differences import Difference
from app.projection.labels import label_differences
from app.projection.lines import Kind
from app.projection.locks import only
from app.projection.proof import Content, Moment, Proof, prove, settled
from app.projection.repair import Repair
from app.projection.schema import prepare
from app.record.identity import record_id
from app.stores.graph import Graph
from app.stores.postgres import Lock, Postgres
from app.stores.references import LINKS, BrokenReference, broken_references

log = structlog.get_logger()

LISTED = 100
"""Differences that a report names; it counts all of them."""


class StoreContent(BaseModel):
    """What one store holds, as it was compared."""

    transfers: int = Field(examples=[117])
    wallets: int = Field(examples=[64])
    digest: str = Field(description="Of the digests of all ranges.", examples=["2c26b46b68ffc68f"])
    amounts: dict[str, str] = Field(
        description="Exact sums in base units by `chain:asset`, without what was retracted.",
        examples=[{"ethereum:ETH": "1500000000000000000"}],
    )


class Reconciliation(BaseModel):
    """What a comparison found; with `repair`, `equal` and both contents are those after it."""

    equal: bool
    repair: bool = Field(description="The graph was to be mended.")
    differences: int = Field(description="Found before a repair, all of them.", examples=[0])
    listed: list[Difference] = Field(description=f"The first {LISTED} of them.")
    broken_references: list[BrokenReference] = Field(
        description="Links of the record that lead nowhere. A repair does not touch the record."
    )
    labels: str = Field(
        description="`compared`, or `in doubt`: the graph says so itself, and no answer relies on them.",
        examples=["compared"],
    )
    record: StoreContent
    graph: StoreContent
    started_at: datetime
    seconds: float = Field(examples=[2.9])


_CONTENT = StoreContent(
    transfers=117,
    wallets=64,
    digest="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    amounts={"ethereum:ETH": "1500000000000000000"},
)
RECONCILIATION = Reconciliation(
    equal=True,
    repair=False,
    differences=0,
    listed=[],
    broken_references=[],
    labels="compared",
    record=_CONTENT,
    graph=_CONTENT,
    started_at=EXAMPLE_TIME,
    seconds=2.9,
)


class _Found:
    """Counts differences and keeps the first; mends each range at once when that is wished."""

    def __init__(self, repair: Repair | None) -> None:
        self.repair = repair
        self.count = 0
        self.listed: list[Difference] = []

    def range(self, moment: Moment, kind: Kind, found: list[Difference]) -> None:
        self.add(found)
        if self.repair is not None:
            self.repair.mend(moment, kind, found)

    def strange(self, proof: Proof) -> None:
        for kind, count in (("transfers", proof.strange_transfers), ("wallets", proof.strange_wallets)):
            self.add([Difference(kind, None, "without a number of the record", "surplus")] * count)

    def add(self, found: list[Difference]) -> None:
        self.count += len(found)
        self.listed += found[: LISTED - len(self.listed)]


def reconcile(
    postgres: Postgres, graph: Graph, progress: Progress, *, repair: bool = False
) -> Reconciliation:
    """Compares both stores range by range, what foreign keys would hold, and the labels in use.

    Ingestion and scoring go on meanwhile. What is found is counted, named and kept in the record.

    Args:
        postgres: the record.
        graph: the graph, prepared for this record; a repair prepares it.
        progress: told of the step and how much of it is done.
        repair: also makes the graph what the record says, and compares again.

    Raises:
        InUse: somebody else compares them, or the graph is not this record's.
        NotReady: the graph was never prepared.
        Unequal: the graph has seen batches the record does not have: it has to be rebuilt.
        DependencyMissing: a store does not answer.
    """
    started_at, started = datetime.now(UTC), perf_counter()
    if repair:
        prepare(graph, record_id(postgres))
    with only(
        postgres, Lock.RECONCILE, "The graph is being compared with the record already; wait for that."
    ):
        found = _Found(Repair(graph) if repair else None)
        proof = prove(postgres, graph, progress, differs=found.range)
        found.strange(proof)
        if found.repair is not None and found.count:
            with settled(postgres, graph) as moment:
                found.repair.finish(moment)
        labels = _compare_labels(postgres, graph)
        found.add(labels or [])
        if repair and (found.count or labels is None):
            relabel(postgres, graph)
            labels = _compare_labels(postgres, graph)
        if repair and found.count:
            proof = prove(postgres, graph, lambda step, part: progress(f"{step} again", part))
        broken = _broken_references(postgres, progress)
        report = Reconciliation(
            equal=proof.equal and not labels and not broken,
            repair=repair,
            differences=found.count,
            listed=found.listed,
            broken_references=broken,
            labels="in doubt" if labels is None else "compared",
            **_contents(postgres, proof),
            started_at=started_at,
            seconds=round(perf_counter() - started, 3),
        )
        with postgres.transaction() as connection:
            _remember(connection, report)
    _log(report)
    return report


def start_reconciliation(
    operations: Operations, postgres: Postgres, graph: Graph, *, repair: bool
) -> Operation:
    """Starts a comparison as work of this process.

    Raises:
        InUse: a comparison is going on.
    """

    def work(progress: Progress) -> dict[str, object]:
        return reconcile(postgres, graph, progress, repair=repair).model_dump(mode="json")

    return operations.start("reconcile", work)


def _compare_labels(postgres: Postgres, graph: Graph) -> list[Difference] | None:
    """None: they are in doubt. Before a first run nothing is asked of them."""
    labels = published_labels(postgres)
    return [] if labels is None else label_differences(graph, labels, label_set_digest(labels))


def _broken_references(postgres: Postgres, progress: Progress) -> list[BrokenReference]:
    broken: list[BrokenReference] = []
    with postgres.transaction(snapshot=True) as connection:
        for number, found in enumerate(broken_references(connection), start=1):
            broken += [found] if found is not None else []
            progress("references", number / len(LINKS))
    return broken


def _contents(postgres: Postgres, proof: Proof) -> dict[str, StoreContent]:
    with postgres.transaction() as connection:
        names = {str(asset_id): name for asset_id, name in connection.execute(_ASSETS)}

    def content(of: Content) -> StoreContent:
        amounts = {names.get(asset, f"asset {asset}"): str(amount) for asset, amount in of.amounts.items()}
        return StoreContent(
            transfers=of.transfers,
            wallets=of.wallets,
            digest=of.digest,
            amounts=dict(sorted(amounts.items())),
        )

    return {"record": content(proof.record), "graph": content(proof.graph)}


def _remember(connection: Connection, report: Reconciliation) -> None:
    values: dict[str, Any] = report.model_dump(
        include={"started_at", "seconds", "equal", "repair", "differences"}
    )
    values["broken_references"] = sum(broken.rows for broken in report.broken_references)
    connection.execute(_REMEMBER, {**values, "report": report.model_dump(mode="json")})


def _log(report: Reconciliation) -> None:
    tell = log.info if report.equal else log.error
    tell(
        "reconciled",
        equal=report.equal,
        repair=report.repair,
        differences=report.differences,
        first=[asdict(each) for each in report.listed[:3]],
        broken_references=[broken.model_dump() for broken in report.broken_references],
        transfers=report.record.transfers,
        seconds=report.seconds,
    )


_ASSETS = text("SELECT asset_id, chain || ':' || asset FROM assets")
_REMEMBER = text("""
    INSERT INTO reconciliations (started_at, seconds, equal, repair, differences, broken_references, report)
    VALUES (:started_at, :seconds, :equal, :repair, :differences, :broken_references, :report)
""").bindparams(bindparam("report", type_=JSONB))
