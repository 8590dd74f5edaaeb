"""The record's offset of each partition, so that a consumer that lost a partition unnoticed writes nothing.

Kafka assigns the partitions of a consumer that has been silent (frozen, disconnected) to another one. What
the first one still holds is older than what the second one has written meanwhile: an old transfer would
revive one that has been retracted since. The record shows it: its offset is no longer where this consumer
left it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from app.stores.postgres import Postgres
from ingest.record.writer import DecodedMessage

_ALL = text("SELECT partition, next_offset FROM ingestion_state WHERE topic = :topic")
_LOCK = text("""
    SELECT partition, next_offset FROM ingestion_state
    WHERE topic = :topic AND partition = ANY(:partitions) ORDER BY partition FOR UPDATE
""")
# A consumer that freezes inside its transaction would hold the locks of its assets for ever.
_LIMIT_IDLE_TIME = text("SET LOCAL idle_in_transaction_session_timeout = '20s'")


class RecordedOffsets:
    """The next offset of each partition in the record, as this consumer last read or wrote it."""

    def __init__(self, postgres: Postgres, topic: str) -> None:
        self._postgres = postgres
        self._topic = topic
        self._last_known: dict[int, int] = {}

    def read(self) -> None:
        """Reads all of them: this consumer is being assigned its partitions, and no other one has them."""
        with self._postgres.transaction() as connection:
            self._last_known = _by_partition(connection.execute(_ALL, {"topic": self._topic}))

    def lock(self, connection: Connection, messages: Iterable[DecodedMessage]) -> dict[int, int]:
        """The record's offsets of the messages' partitions, unchanged until this transaction ends."""
        connection.execute(_LIMIT_IDLE_TIME)
        partitions = sorted({message.partition for message in messages})
        return _by_partition(connection.execute(_LOCK, {"topic": self._topic, "partitions": partitions}))

    def unwritten(self, messages: Sequence[DecodedMessage], recorded: dict[int, int]) -> list[DecodedMessage]:
        """The messages that no other consumer has written since this one last knew the offset.

        Where the offset is the last known one, messages below it are a replay after a crash, or come from a
        topic that was created anew. They are written again: what is recorded already stays as it is.
        """
        return [
            message
            for message in messages
            if recorded.get(message.partition) == self._last_known.get(message.partition)
            or message.offset >= recorded[message.partition]
        ]

    def advance(self, recorded: dict[int, int], written: Iterable[DecodedMessage]) -> None:
        """Remembers the offsets that a committed batch has left in the record."""
        self._last_known |= recorded
        self._last_known |= {message.partition: message.offset + 1 for message in written}


def _by_partition(rows: Iterable[Row[Any]]) -> dict[int, int]:
    return {row.partition: row.next_offset for row in rows}
