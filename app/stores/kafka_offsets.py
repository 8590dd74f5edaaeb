"""The offsets of each Kafka partition, as Kafka has them. Nothing is consumed here."""

from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from app.errors import DependencyMissing
from app.settings import Settings


class Offsets(NamedTuple):
    """The first offset that Kafka still holds, and the offset of the next message."""

    begin: int
    end: int


def ping_kafka(settings: Settings, *, timeout_seconds: float = 1.5) -> None:
    """Checks that Kafka answers.

    Raises:
        DependencyMissing: it does not answer in time.
    """
    servers: dict[str, str | int | float | bool] = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "log_level": 0,
    }
    try:
        AdminClient(servers).list_topics(settings.transfers_topic, timeout=timeout_seconds)
    except KafkaException as exc:
        raise _unreachable(settings) from exc


def partition_offsets(settings: Settings, *, timeout_seconds: float = 1.0) -> dict[int, Offsets]:
    """The offsets of every partition of the transfers topic; empty when there is no such topic.

    Raises:
        DependencyMissing: Kafka does not answer in time.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "group.id": f"{settings.consumer_group}-status",
            "enable.auto.commit": False,
            "allow.auto.create.topics": False,
            "log_level": 0,  # librdkafka logs to stderr; errors are raised here instead
        }
    )
    topic = settings.transfers_topic
    try:
        known = consumer.list_topics(topic, timeout=timeout_seconds).topics[topic]
        if known.error is not None:
            return {}
        return {
            partition: Offsets(
                *consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=timeout_seconds)
            )
            for partition in sorted(known.partitions)
        }
    except KafkaException as exc:
        raise _unreachable(settings) from exc
    finally:
        consumer.close()


def _unreachable(settings: Settings) -> DependencyMissing:
    return DependencyMissing(
        f"Kafka at {settings.kafka_bootstrap_servers} does not answer. Start it (`aml up`) or set "
        "AML_KAFKA_BOOTSTRAP_SERVERS."
    )
