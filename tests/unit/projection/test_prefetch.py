"""A prefetched page is the page that would have come, and its error the error that would have come."""

from collections.abc import Iterator
from threading import Event

import pytest

from app.projection.prefetch import prefetch


def test_pages_come_as_they_are_and_the_next_is_read_before_it_is_asked_for() -> None:
    second_read = Event()

    def pages() -> Iterator[int]:
        yield 1
        second_read.set()
        yield 2

    with prefetch(pages()) as coming:
        assert next(coming) == 1
        assert second_read.wait(30)
        assert list(coming) == [2]


def test_what_reading_raises_is_raised_where_the_page_would_have_come() -> None:
    def pages() -> Iterator[int]:
        yield 1
        raise OSError("the record is away")

    with prefetch(pages()) as coming:
        assert next(coming) == 1
        with pytest.raises(OSError, match="away"):
            next(coming)


def test_when_the_block_ends_early_nothing_is_read_any_more() -> None:
    reading, let_go = Event(), Event()
    finished: list[int] = []

    def pages() -> Iterator[int]:
        yield 1
        reading.set()
        let_go.wait(30)
        finished.append(2)
        yield 2

    def leave_early() -> None:
        with prefetch(pages()) as coming:
            next(coming)
            reading.wait(30)
            let_go.set()
            raise RuntimeError("the graph is away")

    with pytest.raises(RuntimeError, match="the graph"):
        leave_early()
    assert finished == [2]  # the read under way has ended before the block did
