"""Where ingestion stands: Kafka, the record, the graph and the runs, seen together."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from threading import Thread
from typing import Any, TypeVar

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row, text

from app.answers.base import EXAMPLE_TIME
from app.answers.runs import RUN, Run
from app.errors import DependencyMissing, QueryTimeout
from app.projection.pending import behind_in
from app.record.dead_letters import refused_by_reason
from app.record.last_reconciliation import LastReconciliation, last_reconciliation
from app.runs.listing import runs
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.kafka_offsets import Offsets, partition_offsets
from app.stores.postgres import Postgres
from cypher import query

T = TypeVar("T")
GRAPH_SECONDS = 6.0
"""Longer than its counts may take in Neo4j, and than a connection to it is tried."""

_PARTITIONS = text(
    "SELECT partition, next_offset, consumed, stored, duplicates, dead FROM ingestion_state"
    " WHERE topic = :topic ORDER BY partition"
)
_TOTALS = text(
    "SELECT coalesce(sum(stored), 0)::bigint AS stored, coalesce(sum(duplicates), 0)::bigint AS duplicates,"
    " coalesce(sum(dead), 0)::bigint AS dead FROM ingestion_state"
)
# The table of batches grows by millions: each of these reads a range of an index.
_RESTATED = text(
    "SELECT coalesce(sum(restated), 0)::bigint AS restated, coalesce(sum(retracted), 0)::bigint AS retracted"
    " FROM batches WHERE restated > 0 OR retracted > 0"
)
_RECENT = text(
    "SELECT (SELECT extract(epoch FROM clock_timestamp() - max(committed_at))::float8 FROM batches)"
    " AS seconds_since,"
    " coalesce(sum(stored) FILTER (WHERE committed_at > now() - interval '1 minute'), 0) / 60.0 AS minute,"
    " coalesce(sum(stored), 0) / 300.0 AS five_minutes"
    " FROM batches WHERE committed_at > now() - interval '5 minutes'"
)
_COUNTS = text("SELECT (SELECT count(*) FROM wallets) AS wallets, (SELECT count(*) FROM assets) AS assets")
_PUBLISHED = text("SELECT run_id FROM published_run")


class PartitionStatus(BaseModel):
    """One partition: `end_offset` is Kafka's, the rest is the record's; null is not known."""

    topic: str = Field(examples=["transfers"])
    partition: int = Field(examples=[0])
    next_offset: int | None = Field(examples=[119])
    end_offset: int | None = Field(examples=[120])
    lag: int | None = Field(description="Messages not yet consumed.", examples=[1])
    consumed: int = Field(description="Messages, of which:", examples=[119])
    stored: int = Field(examples=[117])
    duplicates: int = Field(examples=[1])
    dead: int = Field(examples=[1])


class Totals(BaseModel):
    """Messages and transfers since the record began."""

    consumed: int = Field(examples=[120])
    stored: int = Field(examples=[117])
    duplicates: int = Field(examples=[2])
    dead: int = Field(examples=[1])
    restated: int = Field(examples=[0])
    retracted: int = Field(examples=[0])


class Throughput(BaseModel):
    """Stored transfers per second."""

    one_minute: float = Field(examples=[1950.0])
    five_minutes: float = Field(examples=[390.0])


class GraphStatus(BaseModel):
    """How far the graph is behind the record; counts are null while it does not answer."""

    ready: bool
    behind_batches: int = Field(examples=[0])
    behind_transfers: int = Field(examples=[0])
    behind_seconds: float = Field(examples=[0.0])
    wallets: int | None = Field(examples=[64])
    transfers: int | None = Field(examples=[117])
    error: str | None = None


class RecordStatus(BaseModel):
    """What the record holds; retracted transfers count."""

    transfers: int = Field(examples=[117])
    wallets: int = Field(examples=[64])
    assets: int = Field(examples=[2])


class IngestionStatus(BaseModel):
    """Progress, throughput and what stands behind."""

    partitions: list[PartitionStatus]
    lag: int | None = Field(description="Of all partitions; null when Kafka does not answer.", examples=[1])
    kafka_error: str | None = None
    totals: Totals
    throughput: Throughput
    seconds_since_last_ingestion: float | None = Field(examples=[0.4])
    graph: GraphStatus
    record: RecordStatus
    dead_letters: dict[str, int] = Field(description="By reason.", examples=[{"conflict": 1}])
    reconciliation: LastReconciliation | None = Field(description="Null: they were never compared.")
    latest_run: Run | None = Field(description="Running, completed, failed or cancelled.")
    published_run: int | None = Field(examples=[3])
    as_of: datetime


STATUS = IngestionStatus(
    partitions=[
        PartitionStatus(
            topic="transfers",
            partition=0,
            next_offset=119,
            end_offset=120,
            lag=1,
            consumed=119,
            stored=117,
            duplicates=1,
            dead=1,
        )
    ],
    lag=1,
    totals=Totals(consumed=119, stored=117, duplicates=1, dead=1, restated=2, retracted=0),
    throughput=Throughput(one_minute=1.95, five_minutes=0.39),
    seconds_since_last_ingestion=0.4,
    graph=GraphStatus(
        ready=True, behind_batches=0, behind_transfers=0, behind_seconds=0, wallets=64, transfers=117
    ),
    record=RecordStatus(transfers=117, wallets=64, assets=2),
    dead_letters={"conflict": 1},
    latest_run=RUN,
    reconciliation=LastReconciliation(
        completed_at=EXAMPLE_TIME, equal=True, differences=0, broken_references=0
    ),
    published_run=3,
    as_of=EXAMPLE_TIME,
)


def ingestion_status(settings: Settings, postgres: Postgres, graph: Graph) -> IngestionStatus:
    """Asks all three servers at once; Kafka and the graph may be silent, the record must answer.

    Raises:
        DependencyMissing: the record does not answer.
    """
    kafka = _beside(lambda: _kafka(settings))
    counts = _beside(lambda: _graph_counts(graph))
    with postgres.transaction(snapshot=True) as connection:
        topic = settings.transfers_topic
        partitions = {row.partition: row for row in connection.execute(_PARTITIONS, {"topic": topic})}
        totals = connection.execute(_TOTALS).one()
        changed = connection.execute(_RESTATED).one()
        recent = connection.execute(_RECENT).one()
        owed = behind_in(connection)
        record = connection.execute(_COUNTS).one()
        published = connection.execute(_PUBLISHED).scalar_one_or_none()
        latest = next(iter(runs(connection, 1, None).runs), None)
        dead = refused_by_reason(connection)
        reconciled = last_reconciliation(connection)
        as_of = _now(connection)
    offsets, kafka_error = kafka.result()
    try:
        graph_counts, graph_error = counts.result(GRAPH_SECONDS)
    except TimeoutError:
        graph_counts, graph_error = {}, f"Neo4j at {graph.url} does not answer within {GRAPH_SECONDS} s."
    listed = [
        _partition(topic, number, partitions.get(number), offsets.get(number))
        for number in sorted(partitions.keys() | offsets.keys())
    ]
    return IngestionStatus(
        partitions=listed,
        lag=None if kafka_error else sum(partition.lag or 0 for partition in listed),
        kafka_error=kafka_error,
        totals=Totals(
            consumed=sum(row.consumed for row in partitions.values()),
            stored=totals.stored,
            duplicates=totals.duplicates,
            dead=totals.dead,
            restated=changed.restated,
            retracted=changed.retracted,
        ),
        throughput=Throughput(one_minute=recent.minute, five_minutes=recent.five_minutes),
        seconds_since_last_ingestion=recent.seconds_since,
        graph=GraphStatus(
            ready=graph_error is None and owed.batches == 0,
            behind_batches=owed.batches,
            behind_transfers=owed.transfers,
            behind_seconds=owed.seconds,
            wallets=graph_counts.get("wallets"),
            transfers=graph_counts.get("transfers"),
            error=graph_error,
        ),
        record=RecordStatus(transfers=totals.stored, wallets=record.wallets, assets=record.assets),
        dead_letters=dead,
        reconciliation=reconciled,
        latest_run=latest,
        published_run=published,
        as_of=as_of,
    )


def _beside(work: Callable[[], T]) -> Future[T]:
    """Work in a thread that nobody has to wait for: a server that hangs can hold it for minutes."""
    done: Future[T] = Future()

    def carry_out() -> None:
        try:
            done.set_result(work())
        except BaseException as exc:  # noqa: BLE001 - raised again where the result is asked for
            done.set_exception(exc)

    Thread(target=carry_out, daemon=True).start()
    return done


def _now(connection: Connection) -> datetime:
    moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def _kafka(settings: Settings) -> tuple[dict[int, Offsets], str | None]:
    try:
        return partition_offsets(settings), None
    except DependencyMissing as exc:
        return {}, str(exc)


def _graph_counts(graph: Graph) -> tuple[dict[str, int], str | None]:
    try:
        return graph.read(query("state/counts"), timeout_seconds=2.0)[0], None
    except (DependencyMissing, QueryTimeout) as exc:
        return {}, str(exc)


def _partition(topic: str, number: int, stored: Row[Any] | None, offsets: Offsets | None) -> PartitionStatus:
    next_offset = None if stored is None else stored.next_offset
    lag = None
    if offsets is not None:
        lag = max(0, offsets.end - (offsets.begin if next_offset is None else next_offset))
    return PartitionStatus(
        topic=topic,
        partition=number,
        next_offset=next_offset,
        end_offset=None if offsets is None else offsets.end,
        lag=lag,
        consumed=0 if stored is None else stored.consumed,
        stored=0 if stored is None else stored.stored,
        duplicates=0 if stored is None else stored.duplicates,
        dead=0 if stored is None else stored.dead,
    )
