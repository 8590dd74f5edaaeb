"""Which messages another consumer has written already; nothing here asks a server."""

import pytest

from app.errors import InvalidEvent
from app.stores.postgres import Postgres
from ingest.consumer.recorded_offsets import RecordedOffsets
from ingest.record.positions import Position
from ingest.record.writer import DecodedMessage


def message(offset: int) -> DecodedMessage:
    return DecodedMessage("t", 0, offset, None, None, InvalidEvent("empty", "The message has no bytes."))


@pytest.fixture
def offsets() -> RecordedOffsets:
    """Of a consumer that last knew offset 5 in the second series."""
    offsets = RecordedOffsets(Postgres("postgresql://nobody@localhost:1/none"), "t")
    offsets.advance([], {0: Position(2, 5)}, [])
    return offsets


MESSAGES = [message(n) for n in (3, 6, 9)]


def test_messages_that_are_written_already_are_left_out(offsets: RecordedOffsets) -> None:
    assert offsets.unwritten(MESSAGES, {0: Position(2, 5)}) == MESSAGES[1:]
    assert offsets.unwritten(MESSAGES, {0: Position(2, 7)}) == MESSAGES[2:]
    offsets.advance(MESSAGES, {0: Position(2, 7)}, MESSAGES[2:])
    assert not offsets.went_back


@pytest.mark.parametrize(
    "recorded", [{}, {0: Position(2, 4)}, {0: Position(1, 9)}, {0: Position(3, 0)}], ids=str
)
def test_nothing_is_written_where_the_messages_do_not_join_the_record(
    offsets: RecordedOffsets, recorded: dict[int, Position]
) -> None:
    assert offsets.unwritten(MESSAGES, recorded) == []
    offsets.advance(MESSAGES, recorded, [])
    assert offsets.went_back


def test_a_record_that_knows_nothing_of_a_topic_takes_all_of_it() -> None:
    offsets = RecordedOffsets(Postgres("postgresql://nobody@localhost:1/none"), "t")
    assert offsets.unwritten(MESSAGES, {}) == MESSAGES
    offsets.advance(MESSAGES, {}, MESSAGES)
    assert not offsets.went_back
