"""Asks a process again and again whether it answers, in a thread of its own, since a question may hang."""

from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

from embedded.process import Child, DataDamaged

STARTING_SECONDS = 0.1
"""Between two questions until the first answer."""


class Check:
    """The questions to one process, from its start until `end`.

    `answered` is when it last answered, by the monotonic clock, None before its first answer; `problem` is
    why it last did not, `is_damaged` whether that is that it cannot open its data.
    """

    def __init__(self, child: Child, ask: Callable[[], None], seconds: float) -> None:
        self.child = child
        self.started = monotonic()
        self.first_answer: float | None = None
        self.answered: float | None = None
        self.problem = "it has not been asked yet"
        self.is_damaged = False
        self._ask = ask
        self._seconds = seconds
        self._end = Event()
        Thread(target=self._run, name=f"check-{child.name}", daemon=True).start()

    def end(self) -> None:
        """Asks no more; a question that hangs is left to itself."""
        self._end.set()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self._ask()
            except Exception as exc:  # noqa: BLE001 - any error means: no answer
                self.is_damaged = isinstance(exc, DataDamaged)
                self.problem = next(iter(str(exc).strip().splitlines()), type(exc).__name__)
                self._end.wait(STARTING_SECONDS if self.answered is None else min(1.0, self._seconds))
            else:
                self.answered, self.is_damaged = monotonic(), False
                self.first_answer = self.first_answer or self.answered
                self._end.wait(self._seconds)
