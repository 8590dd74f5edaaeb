"""What Kafka says instead of a message or an acknowledgement, and which of it ends the consumer."""

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Final

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import Message as KafkaMessage

from app.errors import DependencyMissing
from ingest.kafka.topics import COORDINATOR_NOT_READY

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
    # The topic is missing.
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.UNKNOWN_TOPIC_ID,
}
"""The record has the offset: Kafka's is for those who watch the group."""
OUT_OF_RANGE: Final = {
    KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001
    KafkaError.OFFSET_OUT_OF_RANGE,
    KafkaError._LOG_TRUNCATION,  # noqa: SLF001
}
"""Kafka does not have the next offset: it is deleted, or an older Kafka was put back."""
NO_TOPIC: Final = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.UNKNOWN_TOPIC_ID,
    KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
}
MAX_KAFKA_SILENCE_SECONDS: Final = 120


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


def is_out_of_range(received: Iterable[KafkaMessage]) -> bool:
    """Whether Kafka does not have the next offset of a partition."""
    return any((error := message.error()) and error.code() in OUT_OF_RANGE for message in received)


def check_errors(received: Sequence[KafkaMessage], last_answer: float) -> float:
    """Logs the errors among received messages.

    Returns:
        When Kafka last answered, by the monotonic clock.

    Raises:
        DependencyMissing: an error is fatal, or Kafka has not answered for too long.
    """
    errors = [error for message in received if (error := message.error()) is not None]
    silences = [error for error in errors if error.code() not in OUT_OF_RANGE | NO_TOPIC]
    for error in errors:
        log.warning("kafka_error", reason=error.str())
        if error.fatal():
            raise DependencyMissing(f"Kafka refuses this consumer: {error.str()}.")
    if not silences:
        return monotonic()
    if monotonic() - last_answer > MAX_KAFKA_SILENCE_SECONDS:
        raise DependencyMissing(
            f"Kafka has not answered for {MAX_KAFKA_SILENCE_SECONDS} seconds: {silences[-1].str()}. "
            "Start it (`aml up`) or set AML_KAFKA_BOOTSTRAP_SERVERS."
        )
    return last_answer
