"""One message of the transfers topic, read without a consumer group: nobody's offset moves."""

from time import monotonic

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from app.errors import DependencyMissing, InvalidEvent, NotFound
from app.record.messages import TopicMessage
from app.settings import Settings
from app.stores.kafka import KafkaAccess
from app.stores.kafka_offsets import partition_offsets
from ingest.contract.transfer import decode

READ_SECONDS = 5.0
_GONE = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}  # noqa: SLF001 - public names


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
        message = _first_answer(consumer)
    except KafkaException as exc:
        raise DependencyMissing(f"Kafka does not give message {offset}: {exc.args[0].str()}.") from exc
    finally:
        consumer.close()
    if message is None:
        raise DependencyMissing(f"Kafka does not give message {offset} within {READ_SECONDS} s.")
    if message.error() is not None or message.offset() != offset:  # deleted meanwhile
        return None
    try:
        return TopicMessage(decode(message.value()))
    except InvalidEvent:
        return TopicMessage(None)


def _first_answer(consumer: Consumer) -> Message | None:
    """The message, or that it is gone; errors while it connects pass. None when none comes in time."""
    deadline = monotonic() + READ_SECONDS
    while (left := deadline - monotonic()) > 0:
        message = consumer.poll(left)
        error = None if message is None else message.error()
        if message is not None and (error is None or error.code() in _GONE):
            return message
    return None
