"""What the consumer tells of its batches: seconds by step, spans, and what every log line carries."""

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
"""Of the consumer alone: other processes load this file too, and have nothing to tell of batches."""
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
PARTITIONS = Gauge(
    "aml_consumer_partitions", "Partitions that this consumer has been given", registry=CONSUMER
)
WAITS = Counter(
    "aml_consumer_waits",
    "Times this consumer waited for a server: `record` is PostgreSQL or Kafka, `graph` is Neo4j",
    ["store"],
    registry=CONSUMER,
)


@contextmanager
def batch_of(received: Sequence[KafkaMessage]) -> Iterator[None]:
    """One batch from poll to offset commit: its span, and its partitions on every log line inside."""
    partitions = sorted({message.partition() or 0 for message in received})
    BATCH_MESSAGES.observe(len(received))
    made_by = links(map(_maker, received)) if is_tracing() else None
    with (
        tracer.start_as_current_span("batch", kind=SpanKind.CONSUMER, links=made_by) as span,
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
    """Puts the batch's id on its log lines and its current span from here on."""
    bind_contextvars(batch=batch_id)
    get_current_span().set_attribute("aml.batch_id", batch_id)


@contextmanager
def step(name: Step) -> Iterator[None]:
    """One step of a batch: its seconds, failed attempts too, and its span."""
    with tracer.start_as_current_span(name), STEP_SECONDS.labels(name).time():
        yield


class BatchSpans:
    """The spans of this process's latest batches, so that what is done for a batch later joins its trace."""

    MOST = 10_000

    def __init__(self) -> None:
        self._by_batch: dict[int, SpanContext] = {}

    def remember(self, batch_id: int) -> None:
        """The current span is of this batch."""
        span = get_current_span().get_span_context()
        if not span.is_valid:
            return
        self._by_batch[batch_id] = span
        if len(self._by_batch) > self.MOST:  # the oldest was written into the graph by another consumer
            del self._by_batch[next(iter(self._by_batch))]

    def graph_written(self, batch_ids: Sequence[int], seconds: float, transfers: int) -> None:
        """A write into the graph has just ended: its seconds, and its span in the trace of the first."""
        STEP_SECONDS.labels("graph_write").observe(seconds)
        if not is_tracing():
            return
        known = [of for batch_id in batch_ids if (of := self._by_batch.pop(batch_id, None))]
        parent = below(known[0] if known else None)
        started = time_ns() - int(seconds * 1e9)
        span = tracer.start_span("graph_write", parent, links=links(known[1:]), start_time=started)
        span.set_attributes({"aml.batches": len(batch_ids), "aml.transfers": transfers})
        span.end()


def _maker(message: KafkaMessage) -> SpanContext | None:
    """The span that sent the message, if its headers name one."""
    headers = dict(message.headers() or [])
    return origin(
        {
            name: value.decode("ascii", "replace")
            for name in W3C_HEADERS
            if isinstance(value := headers.get(name), bytes)
        }
    )
