"""Waiting for a result no longer than a limit, whatever the server does that it comes from."""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def in_thread(work: Callable[[], T]) -> Future[T]:
    """Runs work in a thread that nobody has to wait for: a server that hangs can block it for minutes."""
    done: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            done.set_result(context.run(work))
        except BaseException as exc:  # noqa: BLE001 - raised again where the result is asked for
            done.set_exception(exc)

    Thread(target=run, daemon=True).start()
    return done


def in_time(seconds: float, work: Callable[[], T]) -> T:
    """The result of work that only reads; after so many seconds it goes on and nobody waits for it.

    Raises:
        TimeoutError: it has not ended in time.
    """
    return in_thread(work).result(seconds)
