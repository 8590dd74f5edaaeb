"""Items of a stream wait for the rest of their block; a next process reads again what was not complete."""

from ingest.adapters.block_buffer import SETTLE_SECONDS, BlockBuffer, Item, Source

LEFT, RIGHT = Source("t", 0), Source("t", 1)
BOTH = {LEFT, RIGHT}
LATER = SETTLE_SECONDS + 1


def buffer() -> BlockBuffer:
    return BlockBuffer(positions={LEFT: 0, RIGHT: 0})


def item(source: Source, offset: int) -> Item:
    return Item(source, offset, {})


def test_a_block_is_complete_once_nothing_of_it_comes_and_all_is_read() -> None:
    waiting = buffer()
    waiting.add(7, item(LEFT, 0), 0.0)
    assert waiting.complete(LATER, {LEFT}) == []  # the other partition has not answered
    waiting.add(7, item(RIGHT, 0), 1.0)
    assert waiting.complete(2.0, BOTH) == []  # more of it may come
    assert waiting.complete(1.0 + LATER, BOTH) == [[item(LEFT, 0), item(RIGHT, 0)]]
    assert (waiting.size, waiting.unsettled()) == (0, [])
    assert waiting.restart_at() == {LEFT: 1, RIGHT: 1}


def test_blocks_wait_for_the_partition_that_is_behind() -> None:
    waiting = buffer()
    for block in (7, 8, 9):
        waiting.add(block, item(LEFT, block), 0.0)
    waiting.add(8, item(RIGHT, 3), 0.0)
    assert waiting.complete(LATER, {LEFT}) == [[item(LEFT, 7)]]
    assert waiting.unsettled() == [8, 9]
    assert waiting.restart_at() == {LEFT: 8, RIGHT: 3}


def test_a_next_process_takes_again_what_was_not_complete_and_nothing_else() -> None:
    again = BlockBuffer(read_to={LEFT: 10, RIGHT: 4}, known={8}, positions={LEFT: 8, RIGHT: 3})
    again.add(8, item(LEFT, 8), 0.0)
    again.add(7, item(LEFT, 9), 0.0)  # published by the one before
    again.add(9, item(LEFT, 10), 0.0)
    again.add(8, item(RIGHT, 3), 0.0)
    assert again.complete(LATER, BOTH) == [[item(LEFT, 8), item(RIGHT, 3)], [item(LEFT, 10)]]
    assert again.restart_at() == {LEFT: 11, RIGHT: 4}
