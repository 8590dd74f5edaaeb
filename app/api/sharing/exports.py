"""Lists that are sent while they are read, by page: who reads slowly holds no thread and no connection."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from anyio import CapacityLimiter, to_thread

PAGES_AT_ONCE: Final = 4
"""Pages of all exports that are read at once, in threads of their own, each in its own transaction."""
ReadPage = Callable[[str | None], tuple[str, str | None]]
"""Reads the page that a cursor points to, or the first one, and gives its text and the cursor of the next."""


class Exports:
    """The exports of this process."""

    def __init__(self) -> None:
        self._turns = CapacityLimiter(PAGES_AT_ONCE)

    async def text(self, read: ReadPage) -> AsyncIterator[str]:
        """The text of every page; the next is read when the client has taken the one before."""
        cursor = None
        while True:
            text, cursor = await to_thread.run_sync(read, cursor, limiter=self._turns)
            yield text
            if cursor is None:
                return
