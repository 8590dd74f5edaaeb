"""Where ingestion stands, for people (JSON) and for Prometheus."""

from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.api.doors import Use
from app.api.examples import STATUS, answers
from app.api.problems import documented
from app.status import IngestionStatus, ingestion_status

router = APIRouter(tags=["ingestion"])


@router.get("/ingestion/status", responses=answers(200, STATUS) | documented(401, 503))
def get_ingestion_status(use: Use) -> IngestionStatus:
    """Progress and lag by partition, throughput, what the graph is behind, dead letters, runs."""
    return ingestion_status(use.settings, use.postgres, use.graph)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus text format.",
            "content": {"text/plain": {"example": "aml_messages_consumed_total 120.0\n"}},
        },
        **documented(401, 503),
    },
)
def get_metrics(use: Use) -> Response:
    """The same status as Prometheus metrics, read when scraped."""
    registry = CollectorRegistry()
    registry.register(_Scrape(ingestion_status(use.settings, use.postgres, use.graph)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Scrape(Collector):
    """One status as metrics; what is not known is left out rather than shown as 0."""

    def __init__(self, status: IngestionStatus) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        status = self._status
        for name, what, total in (
            ("aml_messages_consumed", "Kafka messages consumed", status.totals.consumed),
            ("aml_transfers_stored", "Transfers stored", status.totals.stored),
            ("aml_messages_duplicate", "Messages that were already stored", status.totals.duplicates),
            ("aml_messages_dead", "Messages refused as dead letters", status.totals.dead),
            ("aml_transfers_restated", "Annotations restated by late transfers", status.totals.restated),
            ("aml_transfers_retracted", "Transfers taken back", status.totals.retracted),
        ):
            yield CounterMetricFamily(name, what, value=total)
        graph = status.graph
        for name, what, value in (
            ("aml_consumer_lag_messages", "Messages not yet consumed", status.lag),
            (
                "aml_seconds_since_last_ingestion",
                "Age of the last batch",
                status.seconds_since_last_ingestion,
            ),
            ("aml_graph_up", "1 when the graph answers", float(graph.error is None)),
            ("aml_graph_behind_batches", "Batches the graph is owed", graph.behind_batches),
            ("aml_graph_behind_transfers", "Transfers the graph is owed", graph.behind_transfers),
            ("aml_graph_behind_seconds", "Age of the oldest batch owed", graph.behind_seconds),
            ("aml_graph_wallets", "Wallets in the graph", graph.wallets),
            ("aml_graph_transfers", "Transfers in the graph", graph.transfers),
            ("aml_record_wallets", "Wallets in the record", status.record.wallets),
            ("aml_published_run", "Id of the published scoring run", status.published_run),
        ):
            if value is not None:
                yield GaugeMetricFamily(name, what, value=value)
