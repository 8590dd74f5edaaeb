"""Which messages another consumer has written already; nothing here asks a server."""

from app.errors import InvalidEvent
from app.stores.postgres import Postgres
from ingest.consumer.recorded_offsets import RecordedOffsets
from ingest.record.writer import DecodedMessage


def message(offset: int) -> DecodedMessage:
    return DecodedMessage("t", 0, offset, None, None, InvalidEvent("empty", "The message has no bytes."))


def test_messages_that_another_consumer_has_written_are_left_out() -> None:
    offsets = RecordedOffsets(Postgres("postgresql://nobody@localhost:1/none"), "t")
    offsets.advance({0: 5}, [])
    messages = [message(n) for n in (3, 6, 9)]
    assert offsets.unwritten(messages, {0: 5}) == messages
    assert offsets.unwritten(messages, {0: 7}) == messages[2:]


def test_where_the_row_of_a_partition_is_gone_everything_is_unwritten() -> None:
    offsets = RecordedOffsets(Postgres("postgresql://nobody@localhost:1/none"), "t")
    offsets.advance({0: 5}, [])
    messages = [message(n) for n in (3, 6, 9)]
    assert offsets.unwritten(messages, {}) == messages
