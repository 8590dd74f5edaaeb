"""The consumer: messages from Kafka into the record batch by batch, and only then the offset.

A crash anywhere replays a batch, and a replayed batch changes nothing.
"""

from collections.abc import Callable, Sequence
from threading import Event
from time import monotonic

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage
from sqlalchemy import Connection

from app.errors import DependencyMissing, InvalidEvent, TooManyDeadLetters
from app.settings import Settings
from app.stores.postgres import Postgres
from ingest.consumer.intake import FIRST_MESSAGES, QUEUE_KILOBYTES, Intake, next_size
from ingest.consumer.positions import Positions
from ingest.consumer.retry import patiently
from ingest.contract.transfer import decode
from ingest.faults import reach
from ingest.instruments import PARTITIONS, batch_of, step
from ingest.kafka.dead_letters import DeadLetterProducer
from ingest.kafka.topics import COORDINATOR_COMES, QUIET
from ingest.record.writer import Message, WrittenBatch, write_batch

log = structlog.get_logger()

# The offset is not in Kafka and need not be: the next commit has it, or somebody reads those messages again
# and finds them stored.
COMMIT_LATER = {
    # Kafka gave the partition to somebody else.
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError._NO_OFFSET,  # noqa: SLF001 - the library's own public error codes begin so
    KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001
    # Kafka is being restarted.
    *COORDINATOR_COMES,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
    KafkaError._TIMED_OUT,  # noqa: SLF001
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._WAIT_COORD,  # noqa: SLF001
}
KAFKA_SILENCE_SECONDS = 120


def consume(
    settings: Settings, postgres: Postgres, stop: Event, written: Callable[[WrittenBatch], None]
) -> None:
    """Consumes until `stop` is set; calls `written` after each committed batch.

    Raises:
        TooManyDeadLetters: too many messages in a row broke the contract.
        DependencyMissing: Kafka or PostgreSQL has not answered for too long.
    """
    consumer = _consumer(settings)
    positions = Positions(postgres, settings.transfers_topic)
    dead_letters = DeadLetterProducer(settings, postgres)
    patiently(stop, dead_letters.publish_owed)

    intake = Intake(consumer, settings.batch_wait_seconds)
    _subscribe(consumer, settings, stop, positions, intake)
    refused_in_a_row = 0
    size = min(FIRST_MESSAGES, settings.batch_messages)
    last_answer = monotonic()
    try:
        while not stop.is_set():
            received = intake.take(size)
            last_answer = _check_errors(received, last_answer)
            good = [message for message in received if message.error() is None]
            if not good:
                continue
            with batch_of(good):
                reach("after_poll")
                with step("decode"):
                    messages = [_read(message) for message in good]
                reach("after_decode")
                began = monotonic()
                with step("record"):
                    batch, fresh = _write(postgres, stop, positions, messages)
                size = next_size(
                    size,
                    len(messages),
                    monotonic() - began,
                    target_seconds=settings.batch_seconds,
                    most=settings.batch_messages,
                )
                if batch is None or batch.dead or len(fresh) < len(messages):
                    with step("dead_letters"):
                        patiently(stop, lambda: dead_letters.publish(messages))  # noqa: B023 - run at once
                reach("between_postgres_and_offset_commit")
                with step("offset_commit"):
                    _commit(consumer)
                reach("after_offset_commit")
                if batch is None:
                    continue
                written(batch)
            refused_in_a_row = refused_in_a_row + len(messages) if len(batch.dead) == len(messages) else 0
            if refused_in_a_row >= settings.dead_letter_ceiling:
                raise TooManyDeadLetters(
                    f"{refused_in_a_row} messages in a row broke the event contract, the last because of "
                    f"{batch.dead[-1][1].reason}. Look at them with `aml dead-letters list`, "
                    "mend the producer, then start the consumer again."
                )
    finally:
        consumer.close()
        dead_letters.close()


def _consumer(settings: Settings) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "group.id": settings.consumer_group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "queued.max.messages.kbytes": QUEUE_KILOBYTES,
            "fetch.message.max.bytes": 1 << 20,  # of one partition, unless a single message is larger
            "fetch.max.bytes": QUEUE_KILOBYTES << 10,
            "session.timeout.ms": round(settings.session_timeout_seconds * 1_000),
            "heartbeat.interval.ms": round(settings.session_timeout_seconds * 250),
            **QUIET,
        }
    )


def _subscribe(
    consumer: Consumer, settings: Settings, stop: Event, positions: Positions, intake: Intake
) -> None:
    """Takes part in the group; a partition that is given is read from where the record is."""

    def assigned(_consumer: Consumer, partitions: list[TopicPartition]) -> None:
        intake.forget()
        patiently(stop, positions.read)
        reach("during_rebalance")
        PARTITIONS.set(len(partitions))
        log.info("partitions_assigned", assigned=sorted(p.partition for p in partitions))

    def revoked(_consumer: Consumer, partitions: list[TopicPartition]) -> None:
        reach("during_rebalance")
        PARTITIONS.set(0)
        log.info("partitions_revoked", revoked=sorted(p.partition for p in partitions))

    consumer.subscribe([settings.transfers_topic], on_assign=assigned, on_revoke=revoked)


def _write(
    postgres: Postgres, stop: Event, positions: Positions, messages: list[Message]
) -> tuple[WrittenBatch | None, list[Message]]:
    """Writes what nobody else has written since; None when that is nothing."""

    def work(connection: Connection) -> tuple[dict[int, int], list[Message], WrittenBatch | None]:
        stored = positions.lock(connection, messages)
        fresh = positions.unwritten(messages, stored)
        batch = write_batch(connection, fresh) if fresh else None
        reach("inside_postgres_transaction")
        return stored, fresh, batch

    stored, fresh, batch = patiently(stop, lambda: postgres.run(work))
    positions.advance(stored, fresh)
    if len(fresh) < len(messages):
        log.warning("written_by_another", messages=len(messages) - len(fresh))
    if batch is not None:
        log.info(
            "batch_written",
            messages=len(fresh),
            stored=batch.stored,
            duplicates=batch.duplicates,
            dead=len(batch.dead),
            restated=batch.restated,
        )
    return batch, fresh


def _read(message: KafkaMessage) -> Message:
    topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
    key, payload = message.key(), message.value()
    try:
        return Message(topic, partition, offset, key, payload, decode(payload, key))
    except InvalidEvent as error:
        return Message(topic, partition, offset, key, payload, error)


def _commit(consumer: Consumer) -> None:
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as exc:
        error = exc.args[0]
        if error.fatal() or not (error.retriable() or error.code() in COMMIT_LATER):
            raise DependencyMissing(f"Kafka refuses this consumer's offset: {error.str()}.") from exc
        log.warning("offset_not_committed", reason=error.str())


def _check_errors(received: Sequence[KafkaMessage], last_answer: float) -> float:
    """Bears with a broker that is away for a while, not with one that stays away.

    Returns:
        When Kafka last answered.
    """
    errors = [error for message in received if (error := message.error()) is not None]
    if not errors:
        return monotonic()
    for error in errors:
        log.warning("kafka_error", reason=error.str())
        if error.fatal():
            raise DependencyMissing(f"Kafka refuses this consumer: {error.str()}.")
    if monotonic() - last_answer > KAFKA_SILENCE_SECONDS:
        raise DependencyMissing(
            f"Kafka has not answered for {KAFKA_SILENCE_SECONDS} seconds: {errors[-1].str()}. "
            "Start it (`aml up`) or set AML_KAFKA_BOOTSTRAP_SERVERS."
        )
    return last_answer
