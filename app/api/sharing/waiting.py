"""Requests that wait for something hold no thread while they wait, and ask the record seldom."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from starlette.concurrency import run_in_threadpool

from app.api.sharing.probes import Probes
from app.operations.operation import Operation

T = TypeVar("T")

LOOK_SECONDS: Final = 0.05
"""Between two looks of one request that waits alone."""
LOOKS_PER_SECOND: Final = 100
"""Of all requests that wait."""
MAX_READ_WAIT_SECONDS: Final = 8
"""A request that only reads is answered within ten seconds: `app.api.asgi.answer_limit`."""


class Waiting:
    """The requests of this process that wait; those that wait for the same thing look together."""

    def __init__(self) -> None:
        self._looks = Probes()
        self._number = 0

    async def until(
        self, name: str, look: Callable[[], T], is_over: Callable[[T], bool], seconds: float
    ) -> T:
        """What is seen at the last look: the first of which `is_over` says so, or that of the end.

        Args:
            name: of what is waited for; requests with the same name get the same answers.
            look: a short look at the record, done in a thread of its own.
            is_over: whether to stop waiting; it costs nothing.
            seconds: how long to wait; 0 is one look of its own.

        Raises:
            AmlError: what `look` raises.
        """
        if seconds <= 0:
            return await run_in_threadpool(look)
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        self._number += 1
        try:
            while True:
                # Others wait for the same look, so that nobody may cancel it.
                seen: T = await asyncio.shield(asyncio.wrap_future(self._looks.ask(name, look)))
                left = end - loop.time()
                if is_over(seen) or left <= 0:
                    return seen
                await asyncio.sleep(min(left, max(LOOK_SECONDS, self._number / LOOKS_PER_SECOND)))
        finally:
            self._number -= 1

    def close(self) -> None:
        """Looks no more."""
        self._looks.close()


async def ended_within(operation: Operation, seconds: float) -> bool:
    """Waits and says whether the work of this process has ended.

    Raises:
        Exception: the error of the work, when it failed in time.
    """
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def tell(_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(ended.set)

    operation.done.add_done_callback(tell)
    with suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), seconds)
    return operation.ended_within(0)
