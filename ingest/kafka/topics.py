"""The two topics of the product: created when absent, left as they are otherwise."""

from time import monotonic, sleep
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from app.errors import DependencyMissing
from app.settings import Settings

ANSWER_SECONDS: Final = 15.0
MAX_BATCH_BYTES: Final = 1_048_576
"""Of one write to the transfers topic, whatever the brokers' own limit is."""
MOST_MESSAGE_BYTES: Final = 12_582_912
"""Of a message that is kept whole as a dead letter; the contract allows far less."""
DEAD_LETTER_BYTES: Final = MOST_MESSAGE_BYTES + MAX_BATCH_BYTES
"""With its headers."""
QUIET: Final = {"log_level": 2}
"""For every client: what librdkafka would print of lost connections is raised as an error instead."""

COORDINATOR_COMES: Final = {
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
}
"""Kafka knows the group in a moment: it is starting, or makes its topic of offsets."""


def ensure_topics(settings: Settings) -> None:
    """Creates the transfers topic and the dead-letter topic if they are not there.

    Raises:
        DependencyMissing: Kafka does not answer, or refuses to create a topic.
    """
    servers = settings.kafka_bootstrap_servers
    admin = AdminClient({"bootstrap.servers": servers, **QUIET})
    try:
        present = admin.list_topics(timeout=ANSWER_SECONDS).topics
        absent = [topic for topic in _topics(settings) if topic.topic not in present]
        if absent:
            for created in admin.create_topics(absent, operation_timeout=ANSWER_SECONDS).values():
                _unless_another_did(created.exception())
    except KafkaException as exc:
        raise DependencyMissing(
            f"Kafka at {servers} does not answer as it should: {exc.args[0].str()}."
        ) from exc


def wake_coordinator(settings: Settings) -> None:
    """Asks for the consumer's group until Kafka knows it; gives up silently, as the consumer can wait too.

    Kafka makes its own topic of offsets when somebody first asks for a group, and turns away whoever joins in
    that moment: the consumer's client would wait for seconds before it tries again.
    """
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers, **QUIET})
    deadline = monotonic() + ANSWER_SECONDS
    while monotonic() < deadline:
        (asked,) = admin.describe_consumer_groups(
            [settings.consumer_group], request_timeout=ANSWER_SECONDS
        ).values()
        fault = asked.exception()
        if not isinstance(fault, KafkaException) or fault.args[0].code() not in COORDINATOR_COMES:
            return
        sleep(0.05)


def _unless_another_did(fault: BaseException | None) -> None:
    """Raises the fault of a creation, except that another process created the topic in the meantime."""
    if fault is None:
        return
    if isinstance(fault, KafkaException) and fault.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
        return
    raise fault


def _topics(settings: Settings) -> list[NewTopic]:
    # Replication -1: what the brokers are configured with.
    transfers = NewTopic(
        settings.transfers_topic,
        num_partitions=settings.topic_partitions,
        replication_factor=-1,
        config={"max.message.bytes": str(MAX_BATCH_BYTES)},
    )
    dead_letters = NewTopic(
        settings.dead_letter_topic,
        num_partitions=1,
        replication_factor=-1,
        # Kept until somebody looks, with room for the largest message that another topic may have let in.
        config={"retention.ms": "-1", "max.message.bytes": str(DEAD_LETTER_BYTES)},
    )
    return [transfers, dead_letters]
