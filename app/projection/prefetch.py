"""Reads the next page from the record while the graph writes the last one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def prefetch(pages: Iterator[T]) -> Iterator[Iterator[T]]:
    """The same pages inside the block, the next of them read by a thread.

    Only that thread may use what the pages are read with, until the pages are exhausted or the block ends.
    """
    with ThreadPoolExecutor(1, "prefetch") as reader:

        def read() -> Iterator[T]:
            next_page = reader.submit(next, pages, None)
            while (page := next_page.result()) is not None:
                next_page = reader.submit(next, pages, None)
                yield page

        yield read()
