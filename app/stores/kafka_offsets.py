"""The offsets of each Kafka partition, as Kafka has them. Nothing is consumed here."""

from typing import NamedTuple

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # it is public

from app.errors import DependencyMissing
from app.settings import Settings

_BEGIN_AND_END = (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call] # no types there


class Offsets(NamedTuple):
    """The first offset that Kafka still holds, and the offset of the next message."""

    begin: int
    end: int


def ping_kafka(settings: Settings, *, timeout_seconds: float = 1.5) -> None:
    """Checks that Kafka answers.

    Raises:
        DependencyMissing: it does not answer in time.
    """
    try:
        _admin(settings).list_topics(settings.transfers_topic, timeout=timeout_seconds)
    except KafkaException as exc:
        raise _unreachable(settings) from exc


def partition_offsets(settings: Settings, *, timeout_seconds: float = 1.0) -> dict[int, Offsets]:
    """The offsets of every partition of the transfers topic; empty when there is no such topic.

    Each of its three requests to Kafka has that much time, whatever the number of partitions.

    Raises:
        DependencyMissing: Kafka does not answer in time.
    """
    admin = _admin(settings)
    topic = settings.transfers_topic
    try:
        known = admin.list_topics(topic, timeout=timeout_seconds).topics[topic]
        if known.error is not None:
            return {}
        begin, end = (
            admin.list_offsets(
                {TopicPartition(topic, partition): spec for partition in known.partitions},
                request_timeout=timeout_seconds,
            )
            for spec in _BEGIN_AND_END
        )
        ends = {at.partition: offset.result().offset for at, offset in end.items()}
        return {
            at.partition: Offsets(offset.result().offset, ends[at.partition])
            for at, offset in sorted(begin.items(), key=lambda item: item[0].partition)
        }
    except KafkaException as exc:
        raise _unreachable(settings) from exc


def _admin(settings: Settings) -> AdminClient:
    return AdminClient(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "log_level": 0,  # librdkafka logs to stderr; errors are raised here instead
        }
    )


def _unreachable(settings: Settings) -> DependencyMissing:
    return DependencyMissing(
        f"Kafka at {settings.kafka_bootstrap_servers} does not answer. Start it (`aml up`) or set "
        "AML_KAFKA_BOOTSTRAP_SERVERS."
    )
