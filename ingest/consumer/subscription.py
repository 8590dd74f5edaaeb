"""The consumer's side of Kafka: its client, its partitions, where it reads them, what is no message."""

from collections.abc import Iterable
from threading import Event
from time import monotonic
from typing import Final

import structlog
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka import Message as KafkaMessage

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.kafka import KafkaAccess
from app.stores.kafka_offsets import TopicReader
from ingest.consumer.fetcher import QUEUE_KILOBYTES, Fetcher
from ingest.consumer.kafka_errors import check_errors, commit_offsets, is_out_of_range
from ingest.consumer.recorded_offsets import RecordedOffsets
from ingest.consumer.retry import retry_record
from ingest.consumer.stall import StallGuard
from ingest.faults import fault_point
from ingest.instruments import PARTITIONS

log = structlog.get_logger()

IDLE_CHECK_SECONDS: Final = 2.0
"""So often Kafka is asked whether the topic is still the same while no message comes."""
METADATA_SECONDS: Final = 5
"""So often the client asks which topics and partitions there are: a topic may come back."""


def kafka_consumer(settings: Settings, access: KafkaAccess) -> Consumer:
    """A client of the consumer group that commits no offset by itself, and resets none."""
    return Consumer(
        {
            **access.options,
            "group.id": settings.consumer_group,
            "enable.auto.commit": False,
            "auto.offset.reset": "error",  # the record decides where reading begins
            "topic.metadata.refresh.interval.ms": METADATA_SECONDS * 1_000,
            "queued.max.messages.kbytes": QUEUE_KILOBYTES,
            "fetch.message.max.bytes": 1 << 20,  # of one partition, unless a single message is larger
            "fetch.max.bytes": QUEUE_KILOBYTES << 10,
            "session.timeout.ms": round(settings.session_timeout_seconds * 1_000),
            "heartbeat.interval.ms": round(settings.session_timeout_seconds * 250),
        }
    )


class Subscription:
    """The transfers topic as a member of the group reads it: each partition from where the record is."""

    def __init__(self, settings: Settings, offsets: RecordedOffsets, stop: Event) -> None:
        self._settings = settings
        self._offsets = offsets
        self._stop = stop
        self._topic = TopicReader(settings)
        self._is_assigned = self._is_out_of_range = self._is_missing = False
        self._is_held = self._must_seek = False
        self._clients_topic_id: str | None = None
        self._last_answer = self._last_check = monotonic()
        self._stall = StallGuard(self._topic.offsets, offsets.is_behind)
        self._subscribe()

    def fetch(self, max_messages: int) -> list[KafkaMessage]:
        """The next messages of the topic whose offsets the record has; none of a topic made anew.

        A client that gives none for long although Kafka has some is replaced by a new one.

        Raises:
            DependencyMissing: Kafka refuses this consumer or its user, or has not answered for too long.
        """
        self.seek_if_lost()
        fetched = self._fetcher.fetch(max_messages)
        self._access.check()
        for error in filter(None, (message.error() for message in fetched)):
            self._access.check_permission(error)
        self._last_answer = check_errors(fetched, self._last_answer)
        self._is_out_of_range = self._is_out_of_range or is_out_of_range(fetched)
        messages = [message for message in fetched if message.error() is None]
        if self._is_of_another_topic() or self._is_made_anew(is_idle=not messages):
            log.warning("topic_made_anew", topic=self._settings.transfers_topic)
            self._renew()
            return []
        if self._stall.is_stalled(len(messages), is_reading=self._is_assigned and not self._is_held):
            log.warning("client_renewed", reason="It gave no message although Kafka has some.")
            self._renew()
            return []
        return messages

    def commit(self) -> None:
        """Commits the offsets of everything consumed so far, for those who watch the group."""
        commit_offsets(self._consumer)

    def hold(self, *, is_held: bool) -> None:
        """Fetches nothing while it is held, and stays in the group with all its partitions."""
        if is_held == self._is_held:
            return
        self._is_held = is_held
        change = self._consumer.pause if is_held else self._consumer.resume
        change(self._consumer.assignment())

    def rewind(self) -> None:
        """Reads on from where the record is, at the next fetch: what was fetched was not written."""
        self._must_seek = True

    def seek_if_lost(self) -> None:
        """Reads on from where the record is, if Kafka lacks the next offset or the record went back."""
        if not (self._must_seek or self._is_out_of_range or self._offsets.went_back):
            return
        if partitions := [each.partition for each in self._consumer.assignment()]:
            self._assign(partitions)
        elif self._must_seek and not self._is_assigned:  # it was being assigned
            self._renew()

    def close(self) -> None:
        """Leaves the group."""
        self._consumer.close()

    def _subscribe(self) -> None:
        self._access = KafkaAccess(self._settings, "consumer")
        self._consumer = kafka_consumer(self._settings, self._access)
        self._fetcher = Fetcher(self._consumer, self._settings.batch_wait_seconds)
        self._consumer.subscribe(
            [self._settings.transfers_topic], on_assign=self._assigned, on_revoke=self._revoked
        )

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._assign([each.partition for each in partitions])
        fault_point("during_rebalance")
        PARTITIONS.set(len(partitions))
        log.info("partitions_assigned", assigned=sorted(p.partition for p in partitions))

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._is_assigned = False
        fault_point("during_rebalance")
        PARTITIONS.set(0)
        log.info("partitions_revoked", revoked=sorted(p.partition for p in partitions))

    def _assign(self, partitions: Iterable[int]) -> None:
        """Reads the partitions from where the record is; Kafka's committed offsets decide nothing."""
        self._fetcher.discard()
        positions = retry_record(self._stop, lambda: self._offsets.read(partitions, self._topic.offsets))
        assigned = [
            TopicPartition(self._settings.transfers_topic, partition, position.next_offset)
            for partition, position in positions.items()
        ]
        self._consumer.assign(assigned)
        # librdkafka keeps a partition's pause beyond its assignment, and begins one that is new without.
        (self._consumer.pause if self._is_held else self._consumer.resume)(assigned)
        self._is_assigned, self._is_out_of_range, self._must_seek = True, False, False
        self._clients_topic_id = self._clients_topic_id or self._offsets.topic_id

    def _is_of_another_topic(self) -> bool:
        """Whether the client was first assigned another topic than that of its partitions now.

        It remembers the old one's leader epochs, and may wait for ever for one that is as high.
        """
        return self._is_assigned and self._offsets.topic_id not in {None, self._clients_topic_id}

    def _is_made_anew(self, *, is_idle: bool) -> bool:
        """Whether the topic is another one than that of the record's offsets.

        Asked after every fetch and before its messages are written: those of a new topic may continue the
        offsets of the old one.
        """
        if not self._is_assigned or (is_idle and monotonic() - self._last_check < IDLE_CHECK_SECONDS):
            return False
        self._last_check = monotonic()
        try:
            topic_id = self._topic.topic_id() if is_idle else retry_record(self._stop, self._topic.topic_id)
        except DependencyMissing:
            if is_idle:  # the client says so too, when it has lasted
                return False
            raise
        if topic_id is None and not self._is_missing:
            log.error("topic_missing", topic=self._settings.transfers_topic)
        self._is_missing = topic_id is None
        return topic_id is not None and topic_id != self._offsets.topic_id

    def _renew(self) -> None:
        """Begins with a new client: the old one knows the old topic, was refused an assignment, or stalls."""
        self._fetcher.discard()
        self._consumer.close()
        self._is_assigned = self._is_out_of_range = self._must_seek = False
        self._clients_topic_id = None
        self._subscribe()
