"""How far the record is in each partition, so that a consumer which lost a partition unawares writes nothing.

Kafka gives the partitions of a consumer that has been silent (frozen, cut off) to another one. What it read
before and writes after it wakes is older than what the other one wrote meanwhile: an old transfer would
revive one that has been retracted since. The record tells: it is further than this consumer has left it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from app.stores.postgres import Postgres
from ingest.record.writer import Message

_ALL = text("SELECT partition, next_offset FROM ingestion_state WHERE topic = :topic")
_LOCK = text("""
    SELECT partition, next_offset FROM ingestion_state
    WHERE topic = :topic AND partition = ANY(:partitions) ORDER BY partition FOR UPDATE
""")
# A consumer that freezes in the midst of a batch would keep the others from its assets for ever.
_LIMIT_IDLENESS = text("SET LOCAL idle_in_transaction_session_timeout = '20s'")


class Positions:
    """Next offset of each partition in the record, as this consumer has last seen or left it."""

    def __init__(self, postgres: Postgres, topic: str) -> None:
        self._postgres = postgres
        self._topic = topic
        self._believed: dict[int, int] = {}

    def read(self) -> None:
        """Reads them all anew: this consumer is being given its partitions, and nobody else has them now."""
        with self._postgres.transaction() as connection:
            self._believed = _by_partition(connection.execute(_ALL, {"topic": self._topic}))

    def lock(self, connection: Connection, messages: Iterable[Message]) -> dict[int, int]:
        """The record's positions of the messages' partitions, unchanged until this transaction ends."""
        connection.execute(_LIMIT_IDLENESS)
        partitions = sorted({message.partition for message in messages})
        return _by_partition(connection.execute(_LOCK, {"topic": self._topic, "partitions": partitions}))

    def unwritten(self, messages: Sequence[Message], stored: dict[int, int]) -> list[Message]:
        """The messages that nobody else has written since.

        Messages below a position that is as believed are a replay after a crash, or come from a topic that
        was created anew: those are written again, which changes nothing, or is wanted.
        """
        return [
            message
            for message in messages
            if stored.get(message.partition) == self._believed.get(message.partition)
            or message.offset >= stored[message.partition]
        ]

    def advance(self, stored: dict[int, int], written: Iterable[Message]) -> None:
        """Remembers where a committed batch has left the record."""
        self._believed |= stored
        self._believed |= {message.partition: message.offset + 1 for message in written}


def _by_partition(rows: Iterable[Row[Any]]) -> dict[int, int]:
    return {row.partition: row.next_offset for row in rows}
