"""How far ingestion is: Kafka, the record, the graph and the runs in one answer."""

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from time import monotonic

from sqlalchemy import Connection, text

from app.errors import AmlError, DependencyMissing, QueryTimeout
from app.operations.disk import disk_alarm
from app.operations.graph_rebuild import unusable
from app.operations.schedule import published_unseen
from app.operations.status_answer import (
    GraphStatus,
    IngestionStatus,
    RecordStatus,
    Throughput,
    Totals,
)
from app.operations.topic_comparison import compare
from app.projection.pending import graph_lag
from app.projection.state import Counts, count
from app.record.counts import read_counts
from app.record.dead_letter_alarm import dead_letter_alarm, refused_in_a_row
from app.record.dead_letters import refused_by_reason
from app.record.holes import hole_alarm
from app.record.last_reconciliation import last_reconciliation
from app.record.transfers import count_waiting
from app.runs.listing import runs
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.in_time import in_thread
from app.stores.jobs import job_counts
from app.stores.kafka_offsets import TopicOffsets, TopicReader
from app.stores.postgres import Postgres

COUNT_SECONDS = 2.0
"""Time limit of the graph's counts."""
GRAPH_SECONDS = 6.0
"""The graph is waited for this long: more than its counts or a new connection may take."""

FOREIGN = "foreign_"
"""Before the form in the reason of a message of another program."""

_PARTITIONS = text(
    "SELECT partition, max(next_offset) FILTER (WHERE ended_at IS NULL) AS next_offset,"
    " max(topic_id) FILTER (WHERE ended_at IS NULL) AS topic_id, sum(consumed)::bigint AS consumed,"
    " sum(stored)::bigint AS stored, sum(duplicates)::bigint AS duplicates, sum(dead)::bigint AS dead"
    " FROM ingestion_state WHERE topic = :topic GROUP BY partition ORDER BY partition"
)
_TOTALS = text(
    "SELECT coalesce(sum(stored), 0)::bigint AS stored, coalesce(sum(duplicates), 0)::bigint AS duplicates,"
    " coalesce(sum(dead), 0)::bigint AS dead FROM ingestion_state"
)
_RECENT = text(
    "SELECT (SELECT extract(epoch FROM clock_timestamp() - max(committed_at))::float8 FROM batches)"
    " AS seconds_since,"
    " coalesce(sum(stored) FILTER (WHERE committed_at > now() - interval '1 minute'), 0) / 60.0 AS minute,"
    " coalesce(sum(stored), 0) / 300.0 AS five_minutes"
    " FROM batches WHERE committed_at > now() - interval '5 minutes'"
)
_ASSETS = text("SELECT count(*) FROM assets")
_PUBLISHED = text("SELECT run_id FROM published_run")


class StatusReader:
    """Reads the status for many who ask at once: whoever asks while one is read shares the next one.

    So nobody waits for more than two readings, also where each of them waits for a server and fails.
    """

    def __init__(self, read: Callable[[], IngestionStatus]) -> None:
        self._read = read
        self._lock = Lock()
        self._latest: tuple[float, IngestionStatus | AmlError] | None = None

    def read(self) -> IngestionStatus:
        """A status that was begun after this call.

        Raises:
            DependencyMissing: the record does not answer.
        """
        asked = monotonic()
        with self._lock:
            if self._latest is None or self._latest[0] < asked:
                self._latest = monotonic(), self._answer()
            _, answer = self._latest
        if isinstance(answer, AmlError):
            raise answer
        return answer

    def _answer(self) -> IngestionStatus | AmlError:
        try:
            return self._read()
        except AmlError as exc:
            return exc


def ingestion_status(settings: Settings, postgres: Postgres, graph: Graph) -> IngestionStatus:
    """Asks all three servers at once; Kafka and the graph may be away, the record must answer.

    Raises:
        DependencyMissing: the record does not answer.
    """
    kafka = in_thread(lambda: _kafka(settings))
    in_graph = in_thread(lambda: _graph_counts(postgres, graph))
    with postgres.transaction(snapshot=True) as connection:
        topic = settings.transfers_topic
        partitions = {row.partition: row for row in connection.execute(_PARTITIONS, {"topic": topic})}
        totals = connection.execute(_TOTALS).one()
        counts = read_counts(connection)
        recent = connection.execute(_RECENT).one()
        lag = graph_lag(connection)
        assets = connection.execute(_ASSETS).scalar_one()
        published = connection.execute(_PUBLISHED).scalar_one_or_none()
        latest = next(iter(runs(connection, 1, None).runs), None)
        dead = refused_by_reason(connection)
        alarm = dead_letter_alarm(connection, settings.dead_letter_ceiling)
        in_a_row = refused_in_a_row(connection)
        waiting = count_waiting(connection)
        reconciled = last_reconciliation(connection)
        holes = hole_alarm(connection)
        jobs = job_counts(connection)
        missing = published_unseen(connection, settings)
        as_of = _now(connection)
    in_kafka, kafka_error = kafka.result()
    try:
        graph_counts, graph_problem, graph_error = in_graph.result(GRAPH_SECONDS)
    except TimeoutError:
        graph_counts, graph_problem = None, None
        graph_error = f"Neo4j at {graph.url} does not answer within {GRAPH_SECONDS} s."
    listed, problem = compare(topic, partitions, in_kafka)
    if problem is not None and kafka_error is None:
        # The consumer may have gone on between Kafka's answer and the record's: this one is the later.
        in_kafka, kafka_error = _kafka(settings)
        listed, problem = compare(topic, partitions, in_kafka)
    lags = [partition.lag for partition in listed if partition.lag is not None]
    is_known = in_kafka is not None and len(lags) == len(listed)
    return IngestionStatus(
        partitions=listed,
        lag=sum(lags) if is_known else None,
        kafka_error=kafka_error,
        topic_problem=None if kafka_error else problem,
        totals=Totals(
            consumed=sum(row.consumed for row in partitions.values()),
            stored=totals.stored,
            duplicates=totals.duplicates,
            dead=totals.dead,
            restated=counts["restated"],
            retracted=counts["retracted"],
            out_of_order=counts["out_of_order"],
        ),
        throughput=Throughput(one_minute=recent.minute, five_minutes=recent.five_minutes),
        seconds_since_last_ingestion=recent.seconds_since,
        graph=GraphStatus(
            ready=graph_error is None and graph_problem is None and lag.batches == 0,
            behind_batches=lag.batches,
            behind_transfers=lag.transfers,
            behind_seconds=lag.seconds,
            wallets=None if graph_counts is None else graph_counts.wallets,
            transfers=None if graph_counts is None else graph_counts.transfers,
            error=graph_error,
            problem=graph_problem,
        ),
        record=RecordStatus(
            transfers=totals.stored, wallets=counts["wallets"], assets=assets, waiting=waiting
        ),
        dead_letters=dead,
        foreign_messages={
            reason.removeprefix(FOREIGN): number
            for reason, number in dead.items()
            if reason.startswith(FOREIGN)
        },
        alarm=alarm,
        hole_alarm=holes,
        disk_alarm=disk_alarm(settings),
        refused_in_a_row=in_a_row,
        reconciliation=reconciled,
        jobs=jobs,
        not_scored=missing,
        latest_run=latest,
        published_run=published,
        as_of=as_of,
    )


def _now(connection: Connection) -> datetime:
    now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now


def _kafka(settings: Settings) -> tuple[TopicOffsets | None, str | None]:
    try:
        return TopicReader(settings).offsets(), None
    except DependencyMissing as exc:
        return None, str(exc)


def _graph_counts(postgres: Postgres, graph: Graph) -> tuple[Counts | None, str | None, str | None]:
    """The graph's counts, why it is not the record's, and why it does not answer."""
    try:
        counts = count(graph, timeout_seconds=COUNT_SECONDS)
        problem = unusable(postgres, graph)
    except (DependencyMissing, QueryTimeout) as exc:
        return None, None, str(exc)
    return counts, None if problem is None else str(problem), None
