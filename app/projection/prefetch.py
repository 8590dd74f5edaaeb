"""Reading ahead: the next page comes from the record while the graph takes the last one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def ahead(pages: Iterator[T]) -> Iterator[Iterator[T]]:
    """The same pages inside the block, one of them read in advance by a thread.

    What the pages are read with is the thread's until they are exhausted or the block ends.
    """
    with ThreadPoolExecutor(1, "read-ahead") as reader:

        def read() -> Iterator[T]:
            coming = reader.submit(next, pages, None)
            while (page := coming.result()) is not None:
                coming = reader.submit(next, pages, None)
                yield page

        yield read()
