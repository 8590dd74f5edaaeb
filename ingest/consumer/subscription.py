"""The consumer's side of Kafka: its client, its partitions, the offsets it commits, its errors."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from app.errors import DependencyMissing
from app.settings import Settings
from ingest.consumer.fetcher import QUEUE_KILOBYTES
from ingest.faults import fault_point
from ingest.instruments import PARTITIONS
from ingest.kafka.topics import COORDINATOR_NOT_READY, QUIET

log = structlog.get_logger()

TOLERATED_COMMIT_ERRORS: Final = {
    # Kafka has assigned the partition to another consumer.
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError._NO_OFFSET,  # noqa: SLF001 - the library's own public error codes begin so
    KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001
    # Kafka is being restarted.
    *COORDINATOR_NOT_READY,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
    KafkaError._TIMED_OUT,  # noqa: SLF001
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._WAIT_COORD,  # noqa: SLF001
}
"""Kafka lacks the offset then: the next commit includes it, or the messages are read again, as repeats."""
MAX_KAFKA_SILENCE_SECONDS: Final = 120


def kafka_consumer(settings: Settings) -> Consumer:
    """A client of the consumer group that commits no offset by itself."""
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


def subscribe(consumer: Consumer, topic: str, on_assigned: Callable[[], None]) -> None:
    """Joins the group; calls `on_assigned` before the first message of newly assigned partitions."""

    def assigned(_consumer: Consumer, partitions: list[TopicPartition]) -> None:
        on_assigned()
        fault_point("during_rebalance")
        PARTITIONS.set(len(partitions))
        log.info("partitions_assigned", assigned=sorted(p.partition for p in partitions))

    def revoked(_consumer: Consumer, partitions: list[TopicPartition]) -> None:
        fault_point("during_rebalance")
        PARTITIONS.set(0)
        log.info("partitions_revoked", revoked=sorted(p.partition for p in partitions))

    consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked)


def commit_offsets(consumer: Consumer) -> None:
    """Commits the offsets of everything consumed so far.

    Raises:
        DependencyMissing: Kafka refuses them for good.
    """
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as exc:
        error = exc.args[0]
        if error.fatal() or not (error.retriable() or error.code() in TOLERATED_COMMIT_ERRORS):
            raise DependencyMissing(f"Kafka refuses this consumer's offset: {error.str()}.") from exc
        log.warning("offset_not_committed", reason=error.str())


def check_errors(received: Sequence[KafkaMessage], last_answer: float) -> float:
    """Logs the errors among received messages.

    Returns:
        When Kafka last answered, by the monotonic clock.

    Raises:
        DependencyMissing: an error is fatal, or Kafka has not answered for too long.
    """
    errors = [error for message in received if (error := message.error()) is not None]
    if not errors:
        return monotonic()
    for error in errors:
        log.warning("kafka_error", reason=error.str())
        if error.fatal():
            raise DependencyMissing(f"Kafka refuses this consumer: {error.str()}.")
    if monotonic() - last_answer > MAX_KAFKA_SILENCE_SECONDS:
        raise DependencyMissing(
            f"Kafka has not answered for {MAX_KAFKA_SILENCE_SECONDS} seconds: {errors[-1].str()}. "
            "Start it (`aml up`) or set AML_KAFKA_BOOTSTRAP_SERVERS."
        )
    return last_answer
