"""The consumer's metrics and spans of its batches, and the fields of their log lines."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import time_ns
from typing import Literal

from confluent_kafka import Message as KafkaMessage
from opentelemetry.trace import SpanContext, SpanKind, get_current_span
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from structlog.contextvars import bind_contextvars, bound_contextvars, unbind_contextvars

from app.tracing import W3C_HEADERS, below, is_tracing, links, origin, tracer

Step = Literal["decode", "record", "dead_letters", "offset_commit", "graph_write"]

CONSUMER = CollectorRegistry()
"""Of the consumer alone: other processes load this file too, and write no batches."""
ProcessCollector(registry=CONSUMER)

STEP_SECONDS = Histogram(
    "aml_batch_step_seconds",
    "Seconds that one step of one batch took",
    ["step"],
    registry=CONSUMER,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
BATCH_MESSAGES = Histogram(
    "aml_batch_messages",
    "Messages that were written together",
    registry=CONSUMER,
    buckets=(1, 10, 100, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 100_000),
)
PARTITIONS = Gauge("aml_consumer_partitions", "Partitions assigned to this consumer", registry=CONSUMER)
PAUSED = Gauge(
    "aml_ingestion_paused",
    "1 while this consumer writes nothing because a disk of a server is full or nearly so",
    registry=CONSUMER,
)
WAITS = Counter(
    "aml_consumer_waits",
    "Times this consumer waited for a server: `record` is PostgreSQL or Kafka, `graph` is Neo4j",
    ["store"],
    registry=CONSUMER,
)
FAILED_RECONCILIATIONS = Counter(
    "aml_reconciliations_failed",
    "Comparisons of graph and record that a fault of this program ended",
    registry=CONSUMER,
)


@contextmanager
def batch_span(received: Sequence[KafkaMessage]) -> Iterator[None]:
    """One batch from poll to offset commit: its span, and its partitions on every log line inside."""
    partitions = sorted({message.partition() or 0 for message in received})
    BATCH_MESSAGES.observe(len(received))
    producers = links(map(_producer_span, received)) if is_tracing() else None
    with (
        tracer.start_as_current_span("batch", kind=SpanKind.CONSUMER, links=producers) as span,
        bound_contextvars(partitions=partitions),
    ):
        span.set_attributes(
            {
                "messaging.system": "kafka",
                "messaging.destination.name": received[0].topic() or "",
                "messaging.batch.message_count": len(received),
                "aml.partitions": partitions,
            }
        )
        try:
            yield
        finally:
            unbind_contextvars("batch")


def name_batch(batch_id: int) -> None:
    """Adds the batch's id to its log lines from here on, and to the current span."""
    bind_contextvars(batch=batch_id)
    get_current_span().set_attribute("aml.batch_id", batch_id)


@contextmanager
def step(name: Step) -> Iterator[None]:
    """One step of a batch: its seconds, also of failed attempts, and its span."""
    with tracer.start_as_current_span(name), STEP_SECONDS.labels(name).time():
        yield


class BatchSpans:
    """The spans of this process's latest batches, so that later work for a batch joins its trace."""

    MAX_BATCHES = 10_000

    def __init__(self) -> None:
        self._by_batch: dict[int, SpanContext] = {}

    def remember(self, batch_id: int) -> None:
        """Keeps the current span as that of this batch."""
        span = get_current_span().get_span_context()
        if not span.is_valid:
            return
        self._by_batch[batch_id] = span
        if (
            len(self._by_batch) > self.MAX_BATCHES
        ):  # the oldest was written into the graph by another consumer
            del self._by_batch[next(iter(self._by_batch))]

    def graph_written(self, batch_ids: Sequence[int], seconds: float, transfers: int) -> None:
        """Records a write into the graph that has just ended: its seconds, and a span in the first trace."""
        STEP_SECONDS.labels("graph_write").observe(seconds)
        if not is_tracing():
            return
        known = [span for batch_id in batch_ids if (span := self._by_batch.pop(batch_id, None))]
        parent = below(known[0] if known else None)
        started = time_ns() - int(seconds * 1e9)
        write = tracer.start_span("graph_write", parent, links=links(known[1:]), start_time=started)
        write.set_attributes({"aml.batches": len(batch_ids), "aml.transfers": transfers})
        write.end()


def _producer_span(message: KafkaMessage) -> SpanContext | None:
    """The span of the producer, if the message's headers name one."""
    headers = dict(message.headers() or [])
    return origin(
        {
            name: value.decode("ascii", "replace")
            for name in W3C_HEADERS
            if isinstance(value := headers.get(name), bytes)
        }
    )
