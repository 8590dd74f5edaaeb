"""The transfers topic as Kafka has it: its id, and the offsets of each partition. It consumes nothing."""

from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # it is public

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.kafka import KafkaAccess

_BEGIN_AND_END = (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call] # no types there
_NO_TOPIC = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - the library's own public error codes begin so
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
}


class Offsets(NamedTuple):
    """The first offset that Kafka still holds, and the offset of the next message."""

    begin: int
    end: int


class TopicOffsets(NamedTuple):
    """A topic: its id, which no other topic ever has, and the offsets by partition."""

    topic_id: str
    partitions: dict[int, Offsets]


class TopicReader:
    """Asks Kafka about the transfers topic, over one connection."""

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.transfers_topic
        self._access = KafkaAccess(settings, "consumer")
        self._admin = AdminClient(self._access.options)

    def topic_id(self, *, timeout_seconds: float = 1.5) -> str | None:
        """The id of the topic, or None if there is no such topic.

        Raises:
            DependencyMissing: Kafka does not answer in time, or refuses the user.
        """
        described = self._describe(timeout_seconds)
        return None if described is None else described[0]

    def offsets(self, *, timeout_seconds: float = 1.0) -> TopicOffsets | None:
        """The topic with the offsets of every partition, or None if there is no such topic.

        Each of its three requests to Kafka has that much time, whatever the number of partitions.

        Raises:
            DependencyMissing: Kafka does not answer in time, or refuses the user.
        """
        described = self._describe(timeout_seconds)
        if described is None:
            return None
        topic_id, partitions = described
        try:
            begin, end = (
                {
                    at.partition: offset.result().offset
                    for at, offset in self._admin.list_offsets(
                        {TopicPartition(self._topic, partition): spec for partition in partitions},
                        request_timeout=timeout_seconds,
                    ).items()
                }
                for spec in _BEGIN_AND_END
            )
        except KafkaException as exc:
            if exc.args[0].code() in _NO_TOPIC:  # deleted meanwhile
                return None
            raise self._problem(exc) from exc
        return TopicOffsets(topic_id, {each: Offsets(begin[each], end[each]) for each in partitions})

    def _describe(self, timeout_seconds: float) -> tuple[str, list[int]] | None:
        """The id of the topic and its partitions; asking creates no topic."""
        try:
            (described,) = self._admin.describe_topics(
                TopicCollection([self._topic]), request_timeout=timeout_seconds
            ).values()
            description = described.result()
        except KafkaException as exc:
            if exc.args[0].code() in _NO_TOPIC:
                return None
            raise self._problem(exc) from exc
        return str(description.topic_id), sorted(each.id for each in description.partitions)

    def _problem(self, exc: KafkaException) -> DependencyMissing:
        """What to raise: that Kafka refuses the user, or that it does not answer."""
        self._admin.poll(0)
        self._access.check()
        self._access.check_permission(exc.args[0])
        return self._access.unreachable()


def partition_offsets(settings: Settings, *, timeout_seconds: float = 1.0) -> dict[int, Offsets]:
    """The offsets of every partition of the transfers topic; empty when there is no such topic.

    Raises:
        DependencyMissing: Kafka does not answer in time.
    """
    topic = TopicReader(settings).offsets(timeout_seconds=timeout_seconds)
    return {} if topic is None else topic.partitions
