"""The record's offset of each partition: where reading begins, and which messages are written.

Kafka assigns the partitions of a consumer that has been silent (frozen, disconnected) to another one. What
the first one still holds is older than what the second one has written meanwhile: an old transfer would
revive one that has been retracted since. The record shows it: its offset is no longer where this consumer
left it. It also shows that an older backup of the record was put back: then its offset has gone back.
"""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, text

from app.stores.kafka_offsets import TopicOffsets
from app.stores.postgres import Postgres
from ingest.record.positions import Position, locate
from ingest.record.writer import DecodedMessage

_LOCK = text("""
    SELECT partition, series, next_offset FROM ingestion_state
    WHERE topic = :topic AND partition = ANY(:partitions) AND ended_at IS NULL
    ORDER BY partition FOR UPDATE
""")
_START = Position(1, 0)
# A consumer that freezes inside its transaction would hold the locks of its assets for ever.
_LIMIT_IDLE_TIME = text("SET LOCAL idle_in_transaction_session_timeout = '20s'")


class RecordedOffsets:
    """The position of each partition in the record, as this consumer last read or wrote it."""

    def __init__(self, postgres: Postgres, topic: str) -> None:
        self._postgres = postgres
        self._topic = topic
        self._last_known: dict[int, Position] = {}
        self.topic_id: str | None = None
        """Of the topic that the positions are of; None before they were read, and of a missing topic."""
        self.went_back = False
        """The record is no longer where this consumer left it, nor further: read the positions again."""

    def read(self, partitions: Iterable[int], ask: Callable[[], TopicOffsets | None]) -> dict[int, Position]:
        """Where these partitions, which no other consumer has, are read on; tells what is missing there.

        Returns:
            Those that Kafka has: none where the topic is missing.
        """

        def work(connection: Connection) -> tuple[str | None, dict[int, Position]]:
            connection.execute(_LIMIT_IDLE_TIME)
            located = locate(connection, self._topic, partitions, ask)
            return (None, {}) if located is None else (located.topic_id, located.positions)

        self.topic_id, self._last_known = self._postgres.run(work)
        self.went_back = False
        return dict(self._last_known)

    def series(self, partition: int) -> int:
        """The series of the offsets that are read."""
        known = self._last_known.get(partition)
        return 1 if known is None else known.series

    def is_behind(self, topic: TopicOffsets) -> bool:
        """Whether Kafka has messages of the read partitions that this consumer has not written."""
        return topic.topic_id == self.topic_id and any(
            partition in topic.partitions and position.next_offset < topic.partitions[partition].end
            for partition, position in self._last_known.items()
        )

    def lock(self, connection: Connection, messages: Iterable[DecodedMessage]) -> dict[int, Position]:
        """The record's positions of the messages' partitions, unchanged until this transaction ends."""
        connection.execute(_LIMIT_IDLE_TIME)
        partitions = sorted({message.partition for message in messages})
        rows = connection.execute(_LOCK, {"topic": self._topic, "partitions": partitions})
        return {row.partition: Position(row.series, row.next_offset) for row in rows}

    def unwritten(
        self, messages: Sequence[DecodedMessage], recorded: dict[int, Position]
    ) -> list[DecodedMessage]:
        """The messages that join what the record holds: from its offset on, and in its series.

        Where another consumer has moved the offset on, messages below it are written already. Where the
        offset has gone back, or its row is gone, the messages between are missing: nothing is written, and
        the positions must be read again.
        """
        return [
            message
            for message in messages
            if not self._has_gone_back(message.partition, recorded)
            and message.offset >= recorded.get(message.partition, _START).next_offset
        ]

    def advance(
        self,
        messages: Iterable[DecodedMessage],
        recorded: dict[int, Position],
        written: Iterable[DecodedMessage],
    ) -> None:
        """Remembers the positions that a committed batch has left in the record."""
        partitions = {message.partition for message in messages}
        self.went_back = self.went_back or any(self._has_gone_back(each, recorded) for each in partitions)
        self._last_known |= recorded
        self._last_known |= {m.partition: Position(m.series, m.offset + 1) for m in written}

    def _has_gone_back(self, partition: int, recorded: dict[int, Position]) -> bool:
        known, now = self._last_known.get(partition), recorded.get(partition)
        if known is None:
            return False
        return now is None or now.series != known.series or now.next_offset < known.next_offset
