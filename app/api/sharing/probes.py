"""Questions about the health of servers: asked in threads of their own, one at a time of each server."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

THREADS = 8


class Probes:
    """Whoever asks while the same question is under way gets its answer: one that hangs holds one thread."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="probe")
        self._lock = Lock()
        self._asked: dict[str, Future[Any]] = {}

    def ask(self, name: str, question: Callable[[], Any]) -> Future[Any]:
        """The answer to the question of this name; not to be cancelled, as others may wait for it."""
        with self._lock:
            answer = self._asked.get(name)
            if answer is None or answer.done():
                answer = self._asked[name] = self._threads.submit(question)
            return answer

    def close(self) -> None:
        """Begins no other question."""
        self._threads.shutdown(wait=False, cancel_futures=True)
