"""Publishes refused messages to the dead-letter topic, each with its reason and its origin."""

from collections.abc import Callable, Iterable, Sequence

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as KafkaMessage
from sqlalchemy import Row, text

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.postgres import Postgres
from app.tracing import trace_headers
from ingest.kafka.topics import MAX_DEAD_LETTER_BYTES, MAX_WHOLE_MESSAGE_BYTES, QUIET
from ingest.record.dead_letters import STORED_PAYLOAD_BYTES
from ingest.record.writer import DecodedMessage

FLUSH_SECONDS = 120.0

# Only those that the record holds whole: a longer one is published when Kafka delivers it again.
_PENDING = text(f"""
    SELECT topic, partition, "offset", reason, detail, message_key, payload FROM dead_letters
    WHERE published_at IS NULL AND payload_bytes <= {STORED_PAYLOAD_BYTES}
    ORDER BY topic, partition, "offset"
""")  # noqa: S608 - a constant of the code
_PENDING_OF_BATCH = text("""
    SELECT d.partition, d."offset", reason, detail FROM dead_letters d
    JOIN unnest(:partitions ::int[], :offsets ::bigint[]) k (partition, "offset")
    ON (d.partition, d."offset") = (k.partition, k."offset")
    WHERE d.topic = :topic AND published_at IS NULL
""")
_PUBLISHED = text("""
    UPDATE dead_letters d SET published_at = clock_timestamp()
    FROM unnest(:topics ::text[], :partitions ::int[], :offsets ::bigint[]) k (topic, partition, "offset")
    WHERE (d.topic, d.partition, d."offset") = (k.topic, k.partition, k."offset") AND d.published_at IS NULL
""")
Origin = tuple[str, int, int]
Delivered = Callable[[KafkaError | None, KafkaMessage], None]


class DeadLetterProducer:
    """Publishes the record's refused messages, before their offset is committed, or at the next start."""

    def __init__(self, settings: Settings, postgres: Postgres) -> None:
        self._topic = settings.dead_letter_topic
        self._postgres = postgres
        self._error: KafkaError | None = None
        self._producer = Producer(
            {
                "bootstrap.servers": settings.kafka_bootstrap_servers,
                "enable.idempotence": True,
                "message.max.bytes": MAX_DEAD_LETTER_BYTES,
                **QUIET,
            }
        )

    def publish(self, messages: Sequence[DecodedMessage]) -> None:
        """Publishes those messages of a batch, whole, that are recorded as refused and not yet published."""
        by_position = {(message.partition, message.offset): message for message in messages}
        parameters = {
            "topic": messages[0].topic,
            "partitions": [partition for partition, _ in by_position],
            "offsets": [offset for _, offset in by_position],
        }
        with self._postgres.transaction() as connection:
            pending = connection.execute(_PENDING_OF_BATCH, parameters).all()
        for partition, offset, reason, detail in pending:
            message = by_position[partition, offset]
            self._send((message.topic, partition, offset), reason, detail, message.key, message.payload)
        self._flush_and_mark([(messages[0].topic, row.partition, row.offset) for row in pending])

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
        unsent = self._producer.flush(FLUSH_SECONDS)
        error, self._error = self._error, None
        if unsent or error is not None:
            raise DependencyMissing(
                f"Dead letters could not be written to {self._topic}: "
                f"{'Kafka does not take them' if error is None else error.str()}."
            )
        topics, partitions, offsets = (list(column) for column in zip(*origins, strict=True))
        with self._postgres.transaction() as connection:
            connection.execute(_PUBLISHED, {"topics": topics, "partitions": partitions, "offsets": offsets})


def _bytes(column: memoryview | None) -> bytes | None:
    return None if column is None else bytes(column)


def _origin(row: Row[tuple[object, ...]]) -> Origin:
    return row.topic, row.partition, row.offset


def _headers(
    origin: Origin, reason: str, detail: str, payload_bytes: int
) -> list[tuple[str, str | bytes | None]]:
    topic, partition, offset = origin
    return [
        ("reason", reason.encode()),
        ("detail", detail.encode()),
        ("original_topic", topic.encode()),
        ("original_partition", str(partition).encode()),
        ("original_offset", str(offset).encode()),
        ("payload_bytes", str(payload_bytes).encode()),  # a very long message is published in part
        *((name, value.encode()) for name, value in trace_headers().items()),
    ]
