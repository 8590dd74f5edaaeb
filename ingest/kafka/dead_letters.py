"""Refused messages onto the dead topic, each with its reason and where it came from."""

from collections.abc import Callable, Iterable, Sequence

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as KafkaMessage
from sqlalchemy import Row, text

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.postgres import Postgres
from app.tracing import trace_headers
from ingest.kafka.topics import DEAD_LETTER_BYTES, MOST_MESSAGE_BYTES, QUIET
from ingest.record.writer import STORED_PAYLOAD_BYTES, Message

FLUSH_SECONDS = 120.0

# Whole ones alone: of a longer one the record holds a part, and Kafka will bring it again.
_OWED = text(f"""
    SELECT topic, partition, "offset", reason, detail, message_key, payload FROM dead_letters
    WHERE published_at IS NULL AND payload_bytes <= {STORED_PAYLOAD_BYTES}
    ORDER BY topic, partition, "offset"
""")  # noqa: S608 - a constant of the code
_OWED_OF = text("""
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
    """Publishes what the record holds as refused: before the offset is committed, after a crash at start."""

    def __init__(self, settings: Settings, postgres: Postgres) -> None:
        self._topic = settings.dead_letter_topic
        self._postgres = postgres
        self._fault: KafkaError | None = None
        self._producer = Producer(
            {
                "bootstrap.servers": settings.kafka_bootstrap_servers,
                "enable.idempotence": True,
                "message.max.bytes": DEAD_LETTER_BYTES,
                **QUIET,
            }
        )

    def publish(self, messages: Sequence[Message]) -> None:
        """Publishes whole those of a batch's messages that are recorded as refused and not yet published."""
        by_place = {(message.partition, message.offset): message for message in messages}
        places = {
            "topic": messages[0].topic,
            "partitions": [partition for partition, _ in by_place],
            "offsets": [offset for _, offset in by_place],
        }
        with self._postgres.transaction() as connection:
            owed = connection.execute(_OWED_OF, places).all()
        for partition, offset, reason, detail in owed:
            message = by_place[partition, offset]
            self._send((message.topic, partition, offset), reason, detail, message.key, message.payload)
        self._flush_and_mark([(messages[0].topic, row.partition, row.offset) for row in owed])

    def publish_owed(self) -> None:
        """Publishes what a crash left recorded but unpublished, as far as the record holds it whole."""
        with self._postgres.transaction() as connection:
            owed = connection.execute(_OWED).all()
        for row in owed:
            key, payload = _bytes(row.message_key), _bytes(row.payload)
            self._send(_origin(row), row.reason, row.detail, key, payload)
        self._flush_and_mark([_origin(row) for row in owed])

    def close(self) -> None:
        """Waits for what is still on its way."""
        self._producer.flush(FLUSH_SECONDS)

    def _send(
        self, origin: Origin, reason: str, detail: str, key: bytes | None, payload: bytes | None
    ) -> None:
        size = len(payload or b"")
        headers = _headers(origin, reason, detail, size)
        beginning = None if payload is None else payload[:STORED_PAYLOAD_BYTES]

        def delivered(fault: KafkaError | None, message: KafkaMessage) -> None:
            if fault is not None and fault.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                # Others made the topic, and let in less than this: better a part than a stop.
                produce(beginning, self._delivered)
            else:
                self._delivered(fault, message)

        def produce(
            value: bytes | None, on_delivery: Callable[[KafkaError | None, KafkaMessage], None]
        ) -> None:
            self._producer.produce(self._topic, value, key, headers=headers, on_delivery=on_delivery)

        produce(payload if size <= MOST_MESSAGE_BYTES else beginning, delivered)

    def _delivered(self, fault: KafkaError | None, _message: KafkaMessage) -> None:
        self._fault = self._fault or fault

    def _flush_and_mark(self, origins: Iterable[Origin]) -> None:
        if not (origins := list(origins)):
            return
        left = self._producer.flush(FLUSH_SECONDS)
        fault, self._fault = self._fault, None
        if left or fault is not None:
            raise DependencyMissing(
                f"Dead letters could not be written to {self._topic}: "
                f"{'Kafka does not take them' if fault is None else fault.str()}."
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
        ("payload_bytes", str(payload_bytes).encode()),  # of which a very long one carries the first
        *((name, value.encode()) for name, value in trace_headers().items()),
    ]
