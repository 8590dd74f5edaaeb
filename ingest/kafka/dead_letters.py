"""Publishes refused messages to the dead-letter topic, each with its reason and its origin."""

from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import NamedTuple

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as KafkaMessage
from sqlalchemy import Row, text

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.kafka import KafkaAccess
from app.stores.postgres import Postgres
from app.tracing import trace_headers
from ingest.kafka.topics import MAX_DEAD_LETTER_BYTES, MAX_WHOLE_MESSAGE_BYTES
from ingest.record.dead_letters import STORED_PAYLOAD_BYTES
from ingest.record.writer import DecodedMessage

FLUSH_SECONDS = 120.0
POLL_SECONDS = 1.0

# Only those that the record holds whole: a longer one is published when Kafka delivers it again.
_PENDING = text(f"""
    SELECT topic, partition, series, "offset", reason, detail, message_key, payload FROM dead_letters
    WHERE published_at IS NULL AND payload_bytes <= {STORED_PAYLOAD_BYTES}
    ORDER BY topic, partition, series, "offset"
""")  # noqa: S608 - a constant of the code
_PENDING_OF_BATCH = text("""
    SELECT d.topic, d.partition, d.series, d."offset", reason, detail FROM dead_letters d
    JOIN unnest(:partitions ::int[], :series ::int[], :offsets ::bigint[]) k (partition, series, "offset")
    ON (d.partition, d.series, d."offset") = (k.partition, k.series, k."offset")
    WHERE d.topic = :topic AND published_at IS NULL
""")
_PUBLISHED = text("""
    UPDATE dead_letters d SET published_at = clock_timestamp()
    FROM unnest(:topics ::text[], :partitions ::int[], :series ::int[], :offsets ::bigint[])
        k (topic, partition, series, "offset")
    WHERE (d.topic, d.partition, d.series, d."offset") = (k.topic, k.partition, k.series, k."offset")
    AND d.published_at IS NULL
""")


class Origin(NamedTuple):
    """Where a message comes from; after the topic was made anew the same offset is one of another series."""

    topic: str
    partition: int
    series: int
    offset: int


Delivered = Callable[[KafkaError | None, KafkaMessage], None]


class DeadLetterProducer:
    """Publishes the record's refused messages, before their offset is committed, or at the next start."""

    def __init__(self, settings: Settings, postgres: Postgres) -> None:
        self._topic = settings.dead_letter_topic
        self._postgres = postgres
        self._error: KafkaError | None = None
        self._access = KafkaAccess(settings, "consumer")
        self._producer = Producer(
            {
                **self._access.options,
                "enable.idempotence": True,
                "message.max.bytes": MAX_DEAD_LETTER_BYTES,
            }
        )

    def publish(self, messages: Sequence[DecodedMessage]) -> None:
        """Publishes those messages of a batch, whole, that are recorded as refused and not yet published."""
        by_origin = {Origin(m.topic, m.partition, m.series, m.offset): m for m in messages}
        parameters = {
            "topic": messages[0].topic,
            "partitions": [each.partition for each in by_origin],
            "series": [each.series for each in by_origin],
            "offsets": [each.offset for each in by_origin],
        }
        with self._postgres.transaction() as connection:
            pending = connection.execute(_PENDING_OF_BATCH, parameters).all()
        for row in pending:
            message = by_origin[_origin(row)]
            self._send(_origin(row), row.reason, row.detail, message.key, message.payload)
        self._flush_and_mark([_origin(row) for row in pending])

    def publish_pending(self) -> None:
        """Publishes messages that a crash left recorded and unpublished, if the record holds them whole."""
        with self._postgres.transaction() as connection:
            pending = connection.execute(_PENDING).all()
        for row in pending:
            key, payload = _bytes(row.message_key), _bytes(row.payload)
            self._send(_origin(row), row.reason, row.detail, key, payload)
        self._flush_and_mark([_origin(row) for row in pending])

    def close(self) -> None:
        """Waits until Kafka has acknowledged what was sent."""
        self._producer.flush(FLUSH_SECONDS)

    def _send(
        self, origin: Origin, reason: str, detail: str, key: bytes | None, payload: bytes | None
    ) -> None:
        size = len(payload or b"")
        headers = _headers(origin, reason, detail, size)
        beginning = None if payload is None else payload[:STORED_PAYLOAD_BYTES]

        def delivered(error: KafkaError | None, message: KafkaMessage) -> None:
            if error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                # Somebody else created the topic with a lower limit: a part of the message is enough.
                produce(beginning, self._delivered)
            else:
                self._delivered(error, message)

        def produce(value: bytes | None, on_delivery: Delivered) -> None:
            self._producer.produce(self._topic, value, key, headers=headers, on_delivery=on_delivery)

        produce(payload if size <= MAX_WHOLE_MESSAGE_BYTES else beginning, delivered)

    def _delivered(self, error: KafkaError | None, _message: KafkaMessage) -> None:
        self._error = self._error or error

    def _flush_and_mark(self, origins: Iterable[Origin]) -> None:
        if not (origins := list(origins)):
            return
        deadline = monotonic() + FLUSH_SECONDS
        while unsent := self._producer.flush(POLL_SECONDS):
            self._access.check()
            if monotonic() > deadline:
                break
        error, self._error = self._error, None
        if error is not None:
            self._access.check_permission(error)
        if unsent or error is not None:
            raise DependencyMissing(
                f"Dead letters could not be written to {self._topic}: "
                f"{'Kafka does not take them' if error is None else error.str()}."
            )
        names = ("topics", "partitions", "series", "offsets")
        columns = dict(zip(names, map(list, zip(*origins, strict=True)), strict=True))
        with self._postgres.transaction() as connection:
            connection.execute(_PUBLISHED, columns)


def _bytes(column: memoryview | None) -> bytes | None:
    return None if column is None else bytes(column)


def _origin(row: Row[tuple[object, ...]]) -> Origin:
    return Origin(row.topic, row.partition, row.series, row.offset)


def _headers(
    origin: Origin, reason: str, detail: str, payload_bytes: int
) -> list[tuple[str, str | bytes | None]]:
    return [
        ("reason", reason.encode()),
        ("detail", detail.encode()),
        ("original_topic", origin.topic.encode()),
        ("original_partition", str(origin.partition).encode()),
        ("original_offset", str(origin.offset).encode()),
        ("original_series", str(origin.series).encode()),
        ("payload_bytes", str(payload_bytes).encode()),  # a very long message is published in part
        *((name, value.encode()) for name, value in trace_headers().items()),
    ]
