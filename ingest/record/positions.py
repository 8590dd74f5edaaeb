"""Where reading begins in each partition: the record decides, and what it cannot read any more is told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Row, text

from app.answers.names import HoleReason
from app.stores.kafka_offsets import Offsets, TopicOffsets
from app.stores.locks import Lock, acquire

log = structlog.get_logger()

_CURRENT = text("""
    SELECT partition, series, topic_id, next_offset FROM ingestion_state
    WHERE topic = :topic AND partition = ANY(:partitions) AND ended_at IS NULL
    ORDER BY partition FOR UPDATE
""")
_IS_KNOWN = text("SELECT EXISTS (SELECT FROM ingestion_state WHERE topic = :topic)")
_BEGIN = text("""
    INSERT INTO ingestion_state
        (topic, partition, series, topic_id, next_offset, consumed, stored, duplicates, dead)
    SELECT :topic, partition, series, :topic_id, next_offset, 0, 0, 0, 0
    FROM unnest(:partitions ::int[], :series ::int[], :next_offsets ::bigint[])
        k (partition, series, next_offset)
""")
_SET = text("""
    UPDATE ingestion_state SET next_offset = :next_offset, topic_id = :topic_id,
        updated_at = clock_timestamp()
    WHERE topic = :topic AND partition = :partition AND series = :series
""")
_END = text("""
    UPDATE ingestion_state SET ended_at = clock_timestamp()
    WHERE topic = :topic AND partition = :partition AND series = :series
""")
_TELL = text("""
    INSERT INTO holes (topic, partition, series, reason, from_offset, to_offset)
    VALUES (:topic, :partition, :series, :reason, :from_offset, :to_offset)
""")


class Position(NamedTuple):
    """The next offset to read of a partition, in its current series of offsets."""

    series: int
    next_offset: int


class Located(NamedTuple):
    """The topic that was asked about, and where each partition is read on."""

    topic_id: str
    positions: dict[int, Position]


def locate(
    connection: Connection, topic: str, partitions: Iterable[int], ask: Callable[[], TopicOffsets | None]
) -> Located | None:
    """Where the record says that these partitions are read on, compared with what Kafka holds.

    A topic that the record has never seen is read from its first message. Everything else that Kafka does
    not hold any more is told as a hole, in the same transaction that moves the offset past it.

    `ask` is called while the rows are locked: no other consumer moves an offset past the answer.

    Returns:
        None: there is no such topic.
    """
    acquire(connection, Lock.OFFSETS)
    wanted = sorted(partitions)
    parameters = {"topic": topic, "partitions": wanted}
    rows = {row.partition: row for row in connection.execute(_CURRENT, parameters)}
    is_known = connection.execute(_IS_KNOWN, {"topic": topic}).scalar_one()
    kafka = ask()
    if kafka is None:
        return None
    writer = _Writer(connection, topic, kafka.topic_id)
    if not is_known:
        # All of them, also those of other consumers: a partition that comes later is one that was added.
        writer.begin({number: Position(1, offsets.begin) for number, offsets in kafka.partitions.items()})
        rows = {row.partition: row for row in connection.execute(_CURRENT, parameters)}
    positions = {
        number: _compare(writer, number, rows.get(number), kafka.partitions[number])
        for number in wanted
        if number in kafka.partitions  # else assigned by what Kafka said a moment ago
    }
    return Located(kafka.topic_id, positions)


def _compare(writer: "_Writer", partition: int, row: Row[Any] | None, offsets: Offsets) -> Position:
    """The position of one partition, written down; what Kafka no longer holds before it is told.

    An older Kafka is read again as a whole: which of its messages are new nobody can say, and writing a known
    one again changes nothing. A new topic is read from its start.
    """
    position = Position(1, 0) if row is None else Position(row.series, row.next_offset)
    if row is None:
        writer.begin({partition: position})
    elif row.topic_id not in {None, writer.topic_id}:
        writer.tell(partition, position.series, "topic_made_anew", position.next_offset, None)
        position = writer.begin_next_series(partition, position, 0)
    elif offsets.end < position.next_offset:
        writer.tell(partition, position.series, "kafka_behind", offsets.end, position.next_offset)
        position = writer.begin_next_series(partition, position, offsets.begin)
    if offsets.begin > position.next_offset:
        writer.tell(partition, position.series, "retention", position.next_offset, offsets.begin)
        position = Position(position.series, offsets.begin)
    writer.set(partition, position)
    return position


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes positions and holes of one topic."""

    connection: Connection
    topic: str
    topic_id: str

    def begin(self, positions: Mapping[int, Position]) -> None:
        """Begins a series of offsets in each partition."""
        self.connection.execute(
            _BEGIN,
            {
                "topic": self.topic,
                "topic_id": self.topic_id,
                "partitions": list(positions),
                "series": [each.series for each in positions.values()],
                "next_offsets": [each.next_offset for each in positions.values()],
            },
        )

    def begin_next_series(self, partition: int, position: Position, next_offset: int) -> Position:
        """Ends the series: from here on the same offsets are those of other messages."""
        self.connection.execute(_END, self._row(partition, position.series))
        begun = Position(position.series + 1, next_offset)
        self.begin({partition: begun})
        return begun

    def set(self, partition: int, position: Position) -> None:
        """Moves the offset; a series of before migration 0017 is that of the topic that is there."""
        values = {"topic_id": self.topic_id, "next_offset": position.next_offset}
        self.connection.execute(_SET, self._row(partition, position.series) | values)

    def tell(
        self, partition: int, series: int, reason: HoleReason, from_offset: int, to_offset: int | None
    ) -> None:
        """Writes a hole down, and logs it."""
        values = {"reason": reason, "from_offset": from_offset, "to_offset": to_offset}
        self.connection.execute(_TELL, self._row(partition, series) | values)
        log.error("hole", topic=self.topic, partition=partition, **values)

    def _row(self, partition: int, series: int) -> dict[str, str | int | None]:
        return {"topic": self.topic, "partition": partition, "series": series}
