"""The two topics of the product, created when absent and never changed, and who may use them."""

from time import monotonic, sleep
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.kafka import KafkaAccess
from ingest.kafka.permissions import ensure_permissions

ANSWER_SECONDS: Final = 15.0
MAX_RECORD_BATCH_BYTES: Final = 1_048_576
"""Of one write to the transfers topic, whatever the brokers' own limit is."""
MAX_WHOLE_MESSAGE_BYTES: Final = 12_582_912
"""Of a message that is published whole as a dead letter; the contract allows far less."""
MAX_DEAD_LETTER_BYTES: Final = MAX_WHOLE_MESSAGE_BYTES + MAX_RECORD_BATCH_BYTES
"""With its headers."""

COORDINATOR_NOT_READY: Final = {
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
}
"""Kafka will know the group in a moment: it starts, or creates its topic of offsets."""


def ensure_topics(settings: Settings) -> None:
    """Creates the transfers topic and the dead-letter topic if they are not there, and gives permissions.

    Raises:
        DependencyMissing: Kafka does not answer, refuses the user, or does not let it create a topic.
    """
    access = KafkaAccess(settings, "admin")
    admin = AdminClient(access.options)
    present = access.first_answer(admin, ANSWER_SECONDS).topics
    try:
        absent = [topic for topic in _topics(settings) if topic.topic not in present]
        if absent:
            for created in admin.create_topics(absent, operation_timeout=ANSWER_SECONDS).values():
                error = created.exception()
                if isinstance(error, KafkaException):
                    access.check_permission(error.args[0])
                _raise_unless_exists(error)
        ensure_permissions(settings, access, admin)
    except KafkaException as exc:
        raise DependencyMissing(
            f"Kafka at {settings.kafka_bootstrap_servers} does not answer as it should: {exc.args[0].str()}."
        ) from exc


def ensure_topic_of_producer(settings: Settings) -> None:
    """Returns once the producer's user sees the transfers topic; creates the topics if it does not.

    An idempotent producer that is made before its user may write anywhere is broken for good.

    Raises:
        DependencyMissing: as `ensure_topics`, or the producer's user may not see the topic.
    """
    access = KafkaAccess(settings, "producer")
    admin = AdminClient(access.options)
    if settings.transfers_topic in access.first_answer(admin, ANSWER_SECONDS).topics:
        return
    ensure_topics(settings)
    deadline = monotonic() + ANSWER_SECONDS
    while settings.transfers_topic not in access.first_answer(admin, ANSWER_SECONDS).topics:
        if monotonic() > deadline:
            raise access.forbidden(f"it does not see the topic {settings.transfers_topic}")
        sleep(0.05)  # an answer comes before the broker shows what was created


def await_coordinator(settings: Settings) -> None:
    """Waits until Kafka knows the consumer's group; gives up silently, since the consumer can wait too.

    Kafka creates its own topic of offsets at the first request for a group, and rejects a consumer that joins
    meanwhile: its client would wait for seconds before it retries.

    Raises:
        DependencyMissing: Kafka does not answer, or refuses the consumer's user.
    """
    access = KafkaAccess(settings, "consumer")
    admin = AdminClient(access.options)
    access.first_answer(admin, ANSWER_SECONDS)
    deadline = monotonic() + ANSWER_SECONDS
    while monotonic() < deadline:
        (description,) = admin.describe_consumer_groups(
            [settings.consumer_group], request_timeout=ANSWER_SECONDS
        ).values()
        error = description.exception()
        if not isinstance(error, KafkaException) or error.args[0].code() not in COORDINATOR_NOT_READY:
            return
        sleep(0.05)


def _raise_unless_exists(error: BaseException | None) -> None:
    """Raises the error of a creation, unless another process has created the topic in the meantime."""
    if error is None:
        return
    if isinstance(error, KafkaException) and error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
        return
    raise error


def _topics(settings: Settings) -> list[NewTopic]:
    # Replication -1: what the brokers are configured with.
    transfers = NewTopic(
        settings.transfers_topic,
        num_partitions=settings.topic_partitions,
        replication_factor=-1,
        config={"max.message.bytes": str(MAX_RECORD_BATCH_BYTES)},
    )
    dead_letters = NewTopic(
        settings.dead_letter_topic,
        num_partitions=1,
        replication_factor=-1,
        # Kept until somebody looks; large enough for any message that another topic accepts.
        config={"retention.ms": "-1", "max.message.bytes": str(MAX_DEAD_LETTER_BYTES)},
    )
    return [transfers, dead_letters]
