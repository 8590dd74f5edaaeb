"""Requests that wait: those for the same thing look together, and a look that fails fails all of them."""

import asyncio
from threading import Lock

import pytest

from app.api.sharing.waiting import Waiting, ended_within
from app.errors import NotFound
from app.operations.operation import Operation


class Looks:
    """Counts the looks, and says when it is over."""

    def __init__(self, over_after: int) -> None:
        self.number = 0
        self._over_after = over_after
        self._lock = Lock()

    def look(self) -> int:
        """One more."""
        with self._lock:
            self.number += 1
            return self.number

    def is_over(self, seen: int) -> bool:
        """Whether it was the last."""
        return seen >= self._over_after


def test_those_who_wait_for_the_same_thing_look_together() -> None:
    waiting, looks = Waiting(), Looks(over_after=3)

    async def all_of_them() -> list[int]:
        return await asyncio.gather(
            *(waiting.until("run 1", looks.look, looks.is_over, 60) for _ in range(200))
        )

    assert min(asyncio.run(all_of_them())) >= 3
    assert looks.number < 200
    waiting.close()


def test_a_wait_of_no_time_is_one_look() -> None:
    waiting, looks = Waiting(), Looks(over_after=99)
    assert asyncio.run(waiting.until("run 1", looks.look, looks.is_over, 0)) == 1
    waiting.close()


def test_a_look_that_fails_ends_the_wait() -> None:
    waiting = Waiting()

    def fails() -> None:
        raise NotFound("There is none.")

    with pytest.raises(NotFound):
        asyncio.run(waiting.until("run 1", fails, bool, 60))
    waiting.close()


def test_who_leaves_does_not_end_the_look_of_others() -> None:
    waiting, looks = Waiting(), Looks(over_after=5)

    async def two() -> int:
        leaves = asyncio.ensure_future(waiting.until("run 1", looks.look, looks.is_over, 60))
        stays = asyncio.ensure_future(waiting.until("run 1", looks.look, looks.is_over, 60))
        await asyncio.sleep(0)
        leaves.cancel()
        return await stays

    assert asyncio.run(two()) >= 5
    waiting.close()


def test_an_operation_that_has_failed_says_so_to_who_waits() -> None:
    operation = Operation("verify")

    async def failing() -> bool:
        asyncio.get_running_loop().call_later(0.01, operation.done.set_exception, NotFound("It is gone."))
        return await ended_within(operation, 60)

    with pytest.raises(NotFound):
        asyncio.run(failing())


def test_an_operation_that_runs_longer_has_not_ended() -> None:
    operation = Operation("verify")
    assert not asyncio.run(ended_within(operation, 0.01))
    operation.done.set_result(None)  # the loop that waited is closed
    assert asyncio.run(ended_within(operation, 0.01))
