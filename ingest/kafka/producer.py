"""Events to Kafka: idempotent, acknowledged by all replicas, keyed so that every pool keeps its order."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage
from opentelemetry.trace import SpanKind

from app.domain import ByteProgress, Retraction, Transfer
from app.errors import AmlError, DependencyMissing, InvalidEvent, InvalidInput
from app.input_files import read_lines
from app.settings import Settings
from app.stores.kafka import KafkaAccess
from app.tracing import trace_headers, tracer
from ingest.contract.import_header import IMPORT_HEADER
from ingest.contract.transfer import decode, encode
from ingest.kafka.topics import MAX_RECORD_BATCH_BYTES, ensure_topic_of_producer

MAX_MESSAGE_BYTES = 1_000_000
"""Of one line. The consumer refuses far shorter messages, and must receive them to count them."""

_POLL_SECONDS = 0.5
_UNREACHABLE = frozenset((KafkaError._MSG_TIMED_OUT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT))  # noqa: SLF001 - librdkafka's own codes are named so

Event = Transfer | Retraction | bytes
"""Bytes are sent as they are: the consumer decides about them."""
KeyedBytes = tuple[bytes, str | None]
Headers = list[tuple[str, str | bytes | None]]


@dataclass(frozen=True, slots=True)
class ProduceReport:
    """What Kafka acknowledged of an event file: how many messages, and how many of them break the contract.

    `offsets` says where they are, as (partition, first offset, last offset).
    """

    delivered: int
    invalid: int
    offsets: list[tuple[int, int, int]]


class _Delivery:
    """Counts what Kafka acknowledged, remembers where it is, and keeps the first error."""

    def __init__(self, access: KafkaAccess, places: dict[bytes, list[tuple[int, int]]] | None = None) -> None:
        self.access = access
        self.places = places
        self.delivered = 0
        self.error: KafkaError | None = None
        self._ranges: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def __call__(self, error: KafkaError | None, message: KafkaMessage) -> None:
        if error is None:
            self.delivered += 1
            partition, offset = message.partition() or 0, message.offset() or 0
            self._remember(partition, offset)
            if self.places is not None:
                self.places[message.value() or b""].append((partition, offset))
        elif self.error is None:
            self.error = error

    def offsets(self) -> list[tuple[int, int, int]]:
        """(partition, first, last) of messages that follow each other; few, unless others send too."""
        return [(partition, *each) for partition, ranges in self._ranges.items() for each in ranges]

    def _remember(self, partition: int, offset: int) -> None:
        ranges = self._ranges[partition]
        if ranges and ranges[-1][1] == offset - 1:
            ranges[-1] = ranges[-1][0], offset
        else:
            ranges.append((offset, offset))


def produce(
    events: Iterable[Event], settings: Settings, progress: Callable[[int], None] | None = None
) -> int:
    """Sends events to the transfers topic and waits until all are acknowledged; answers how many.

    Creates the topics when the first is absent, or hidden from the producer's user. `progress` is called now
    and then with the number acknowledged. At most 64 MiB wait in memory.

    Raises:
        DependencyMissing: Kafka does not answer, or refuses the producer's user.
        AmlError: Kafka refused a message; those before it may have been delivered.
    """
    return _deliver(map(_message, events), settings, progress).delivered


def publish(
    events: Sequence[Event], settings: Settings, producer: Producer | None = None
) -> list[tuple[int, int]]:
    """Sends a few events and waits until all are acknowledged; the partition and offset of each, in order.

    `producer` is one that nobody else uses meanwhile; None makes one.

    Raises:
        DependencyMissing, AmlError: as `produce`.
    """
    places: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    messages = [_message(event) for event in events]
    _deliver(messages, settings, None, places, producer=producer)
    return [places[payload].pop(0) for payload, _ in messages]  # equal messages may change their places


def produce_encoded(
    messages: Iterable[KeyedBytes],
    settings: Settings,
    progress: Callable[[int], None] | None = None,
    *,
    import_id: str | None = None,
) -> ProduceReport:
    """Sends messages that are encoded and keyed already, as those of an import; else as `produce`."""
    headers: Headers = [] if import_id is None else [(IMPORT_HEADER, import_id.encode())]
    delivery = _deliver(messages, settings, progress, headers=headers)
    return ProduceReport(delivery.delivered, 0, delivery.offsets())


def produce_file(path: Path, settings: Settings, progress: ByteProgress | None = None) -> ProduceReport:
    """Sends each line of an event file (JSON lines, also `.gz`) as it is; lines are keyed where valid.

    `progress` is called with the bytes of the file read and their total.

    Raises:
        InvalidInput: the file cannot be read, or a line is more than Kafka takes.
        DependencyMissing, AmlError: as `produce`.
    """
    invalid = 0

    def messages() -> Iterator[KeyedBytes]:
        nonlocal invalid
        for number, line in read_lines(path, progress):
            if len(line) > MAX_MESSAGE_BYTES:
                raise InvalidInput(f"{path}, line {number}: Kafka takes at most {MAX_MESSAGE_BYTES} bytes.")
            key = _key(line)
            invalid += key is None
            yield line, key

    delivery = _deliver(messages(), settings, None)
    return ProduceReport(delivery.delivered, invalid, delivery.offsets())


def new_producer(settings: Settings, access: KafkaAccess | None = None) -> Producer:
    """A producer of the settings; `access` hears what Kafka says of its user."""
    return Producer(
        {
            **(access or KafkaAccess(settings, "producer")).options,
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            "linger.ms": 20,
            "message.max.bytes": MAX_RECORD_BATCH_BYTES,
            "queue.buffering.max.kbytes": 65_536,
            "delivery.timeout.ms": 60_000,
        }
    )


@tracer.start_as_current_span("produce", kind=SpanKind.PRODUCER)
def _deliver(
    messages: Iterable[KeyedBytes],
    settings: Settings,
    progress: Callable[[int], None] | None,
    places: dict[bytes, list[tuple[int, int]]] | None = None,
    *,
    headers: Headers | None = None,
    producer: Producer | None = None,
) -> _Delivery:
    ensure_topic_of_producer(settings)
    access = KafkaAccess(settings, "producer")
    producer = producer or new_producer(settings, access)
    delivery = _Delivery(access, places)
    headers = [*(headers or ()), *trace_headers().items()]
    try:
        for message in messages:
            _send(producer, settings.transfers_topic, message, headers, delivery)
            _raise_error(delivery, settings)
            if producer.poll(0) and progress is not None:
                progress(delivery.delivered)
        while len(producer) and delivery.error is None:
            _flush(producer, delivery)
            access.check()
            if progress is not None:
                progress(delivery.delivered)
        _raise_error(delivery, settings)
    finally:
        # After an error no message that is still queued may arrive: the caller assumes it was not sent.
        producer.purge()
        _flush(producer, delivery)
    return delivery


def _message(event: Event) -> KeyedBytes:
    if isinstance(event, bytes):
        return event, _key(event)
    return encode(event), event.message_key


def _key(payload: bytes) -> str | None:
    """The message key of raw bytes; None if they are no event: any partition will do."""
    try:
        return decode(payload).message_key
    except InvalidEvent:
        return None


def _send(producer: Producer, topic: str, message: KeyedBytes, headers: Headers, delivery: _Delivery) -> None:
    payload, key = message
    while delivery.error is None:
        try:
            producer.produce(topic, payload, key, headers=headers, on_delivery=delivery)
        except BufferError:  # the queue is full: wait until Kafka has taken some
            producer.poll(_POLL_SECONDS)
            delivery.access.check()
        except KafkaException as exc:
            delivery.error = exc.args[0]
        else:
            return


def _flush(producer: Producer, delivery: _Delivery) -> None:
    """Waits a moment for acknowledgements; an error that ends the producer is that of the delivery."""
    try:
        producer.flush(_POLL_SECONDS)
    except KafkaException as exc:
        delivery.error = delivery.error or exc.args[0]


def _raise_error(delivery: _Delivery, settings: Settings) -> None:
    if delivery.error is None:
        return
    delivery.access.check_permission(delivery.error)
    error_type = DependencyMissing if delivery.error.code() in _UNREACHABLE else AmlError
    raise error_type(
        f"Kafka at {settings.kafka_bootstrap_servers} did not take a message after "
        f"{delivery.delivered} were delivered: {delivery.error.str()}. Sending those again does no harm."
    )
