"""One message of the transfers topic, read without a consumer group: nobody's offset moves."""

from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from app.errors import DependencyMissing, InvalidEvent, NotFound
from app.record.messages import TopicMessage
from app.settings import Settings
from app.stores.kafka import KafkaAccess
from app.stores.kafka_offsets import partition_offsets
from ingest.contract.transfer import decode

READ_SECONDS = 5.0


def read_message(settings: Settings, partition: int, offset: int) -> TopicMessage | None:
    """The message at an offset; None where Kafka no longer has it.

    Raises:
        NotFound: there is no such partition, or no message at the offset yet.
        DependencyMissing: Kafka does not answer.
    """
    topic = settings.transfers_topic
    partitions = partition_offsets(settings)
    if partition not in partitions:
        raise NotFound(f"The topic {topic} has no partition {partition}.")
    if offset >= partitions[partition].end:
        raise NotFound(f"Partition {partition} of {topic} ends before offset {offset}.")
    if offset < partitions[partition].begin:
        return None
    consumer = Consumer(
        {
            **KafkaAccess(settings, "consumer").options,
            "group.id": settings.consumer_group,  # it joins no group: the name is one that it may use
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
        }
    )
    try:
        consumer.assign([TopicPartition(topic, partition, offset)])
        message = consumer.poll(READ_SECONDS)
    except KafkaException as exc:
        raise DependencyMissing(f"Kafka does not give message {offset}: {exc.args[0].str()}.") from exc
    finally:
        consumer.close()
    if message is None:
        raise DependencyMissing(f"Kafka does not give message {offset} within {READ_SECONDS} s.")
    error = message.error()
    if error is not None and error.code() != KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001 - its public name
        raise DependencyMissing(f"Kafka does not give message {offset}: {error.str()}.")
    if error is not None or message.offset() != offset:  # deleted meanwhile
        return None
    sent_at = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
    try:
        return TopicMessage(sent_at, decode(message.value()))
    except InvalidEvent:
        return TopicMessage(sent_at, None)
