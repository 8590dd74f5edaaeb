"""The status of ingestion and the duration of requests for Prometheus, listed in docs/observability.md."""

from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.api.dependencies import AppServices
from app.errors import DependencyMissing
from app.operations.status_answer import IngestionStatus, PartitionStatus
from app.record.last_reconciliation import LastReconciliation
from app.stores.jobs import JobCounts

router = APIRouter(tags=["ingestion"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus text format.",
            "content": {"text/plain": {"example": 'aml_messages_consumed_total{partition="0"} 120.0\n'}},
        },
    },
)
def get_metrics(services: AppServices) -> Response:
    """The status of ingestion as Prometheus metrics, read at every scrape, and the durations of requests."""
    registry = CollectorRegistry()
    registry.register(Scrape(_status(services)))
    return Response(generate_latest(registry) + generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _status(services: AppServices) -> IngestionStatus | None:
    try:
        return services.status.read()
    except DependencyMissing:
        return None


class Scrape(Collector):
    """One status as metrics; unknown values are left out rather than reported as 0."""

    def __init__(self, status: IngestionStatus | None) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Every metric of the status; without one, only that the record does not answer."""
        yield GaugeMetricFamily("aml_record_up", "1 when the record answers", float(self._status is not None))
        if self._status is not None:
            yield from _of_partitions(self._status.partitions)
            yield from _of_messages(self._status)
            yield from _of_stores(self._status)
            yield from _of_comparison(self._status.reconciliation)
            yield from _of_jobs(self._status.jobs)


def _of_partitions(partitions: list[PartitionStatus]) -> Iterator[Metric]:
    for family, field in (
        (CounterMetricFamily("aml_messages_consumed", "Kafka messages consumed", labels=_LABELS), "consumed"),
        (CounterMetricFamily("aml_transfers_stored", "Transfers stored", labels=_LABELS), "stored"),
        (
            CounterMetricFamily(
                "aml_messages_duplicate", "Messages whose transfer was stored before", labels=_LABELS
            ),
            "duplicates",
        ),
        (GaugeMetricFamily("aml_consumer_lag_messages", "Messages not yet consumed", labels=_LABELS), "lag"),
    ):
        for partition in partitions:
            if (value := getattr(partition, field)) is not None:
                family.add_metric([str(partition.partition)], value)
        yield family


_LABELS = ("partition",)


def _of_jobs(jobs: JobCounts) -> Iterator[Metric]:
    counts = GaugeMetricFamily("aml_jobs_held", "Jobs of the record by state", labels=["state"])
    for state in ("waiting", "scheduled", "running", "failed"):
        counts.add_metric([state], float(getattr(jobs, state)))
    yield counts
    yield GaugeMetricFamily("aml_workers", "Workers that are alive", float(jobs.workers))
    oldest = jobs.oldest_seconds or 0.0
    yield GaugeMetricFamily("aml_job_oldest_seconds", "How long the longest due job has waited", oldest)


def _of_messages(status: IngestionStatus) -> Iterator[Metric]:
    dead = CounterMetricFamily("aml_messages_dead", "Messages refused as dead letters", labels=["reason"])
    for reason, count in status.dead_letters.items():
        dead.add_metric([reason], count)
    yield dead
    foreign = CounterMetricFamily(
        "aml_foreign_messages", "Messages of other programs on the topic", labels=["form"]
    )
    for form, count in status.foreign_messages.items():
        foreign.add_metric([form], count)
    yield foreign
    yield GaugeMetricFamily(
        "aml_refused_in_a_row", "Messages refused since the last good one", value=status.refused_in_a_row
    )
    yield GaugeMetricFamily(
        "aml_dead_letter_alarm",
        "1 when AML_DEAD_LETTER_CEILING messages in a row were refused",
        value=float(status.alarm is not None),
    )
    holes = status.hole_alarm
    yield GaugeMetricFamily(
        "aml_holes_unseen",
        "Holes in what was read from Kafka that nobody has said they have seen",
        value=float(0 if holes is None else holes.unseen),
    )
    yield GaugeMetricFamily(
        "aml_hole_messages",
        "Messages in them that Kafka deleted before they were read",
        value=float(0 if holes is None else holes.messages),
    )
    yield GaugeMetricFamily(
        "aml_disk_alarm",
        "1 while less is free on a disk of the servers than AML_MIN_FREE_DISK_MB",
        value=float(status.disk_alarm is not None),
    )
    if status.kafka_error is None:
        yield GaugeMetricFamily(
            "aml_topic_problem",
            "1 when the topic is missing or does not hold what the record would read next",
            value=float(status.topic_problem is not None),
        )
    for name, description, total in (
        ("aml_transfers_restated", "Annotations restated by late transfers", status.totals.restated),
        ("aml_transfers_retracted", "Transfers retracted", status.totals.retracted),
        (
            "aml_transfers_out_of_order",
            "Transfers that occurred before one of an earlier block of their chain in the same batch",
            status.totals.out_of_order,
        ),
    ):
        yield CounterMetricFamily(name, description, value=total)


def _of_stores(status: IngestionStatus) -> Iterator[Metric]:
    graph, run = status.graph, status.latest_run
    for name, description, value in (
        ("aml_kafka_up", "1 when Kafka answers", status.kafka_error is None),
        ("aml_seconds_since_last_ingestion", "Age of the last batch", status.seconds_since_last_ingestion),
        ("aml_graph_up", "1 when the graph answers", graph.error is None),
        ("aml_graph_behind_batches", "Batches not yet in the graph", graph.behind_batches),
        ("aml_graph_behind_transfers", "Transfers not yet in the graph", graph.behind_transfers),
        ("aml_graph_behind_seconds", "Age of the oldest batch not yet in the graph", graph.behind_seconds),
        ("aml_graph_wallets", "Wallets in the graph", graph.wallets),
        ("aml_graph_transfers", "Transfers in the graph", graph.transfers),
        ("aml_record_wallets", "Wallets in the record", status.record.wallets),
        ("aml_record_transfers", "Transfers in the record", status.record.transfers),
        ("aml_latest_run", "Id of the latest scoring run", None if run is None else run.run_id),
        ("aml_published_run", "Id of the published scoring run", status.published_run),
    ):
        if value is not None:
            yield GaugeMetricFamily(name, description, value=value)


def _of_comparison(last: LastReconciliation | None) -> Iterator[Metric]:
    if last is not None:
        for name, description, value in (
            ("aml_graph_equal", "1 when graph and record were equal at the last comparison", last.equal),
            ("aml_graph_differences", "Differences the last comparison found", last.differences),
            (
                "aml_record_broken_references",
                "Broken references in the record",
                last.broken_references,
            ),
            ("aml_graph_compared_timestamp_seconds", "When it ended", last.completed_at.timestamp()),
        ):
            yield GaugeMetricFamily(name, description, value=value)
