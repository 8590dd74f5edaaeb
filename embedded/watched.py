"""One process under supervision, and how long it may be silent."""

import os
from dataclasses import dataclass, field
from typing import Final, Literal

from app.errors import InvalidInput
from embedded.check import Check
from embedded.restarts import ProcessState, now

SILENT_VARIABLE: Final = "AML_SILENT_SECONDS"


def silent_seconds() -> float:
    """How long a process may live without an answer: `AML_SILENT_SECONDS`, 30 by default.

    Raises:
        InvalidInput: it is no number from 1 to 3600.
    """
    value = os.environ.get(SILENT_VARIABLE) or "30"
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:  # noqa: PLR2004 - the sentence says them
        raise InvalidInput(f"{SILENT_VARIABLE}={value} is no number of seconds from 1 to 3600.")
    return seconds


@dataclass
class Watched:
    """One process: `check` while it lives; `pause_ends` while it does not.

    `failures` and `damages` count ends, and those of them at which it could not open its data, without a
    minute of answers in between; `renewed` is when its data was last set aside.
    """

    name: str
    check: Check | None
    failures: int = 0
    damages: int = 0
    renewed: float | None = None
    ended: float = 0.0
    pause_ends: float = 0.0
    restarts: int = 0
    since: str = field(default_factory=now)

    @property
    def state(self) -> Literal["starting", "running", "waiting"]:
        """As in `ProcessState`."""
        if self.check is None:
            return "waiting"
        return "starting" if self.check.answered is None else "running"

    def answered_since(self, moment: float) -> bool:
        """Whether it has answered since then, by the monotonic clock."""
        return self.check is not None and (self.check.answered or 0.0) >= moment

    def told(self) -> ProcessState:
        """Its state as `aml status` shows it."""
        return ProcessState(
            name=self.name,
            state=self.state,
            pid=None if self.check is None else self.check.child.process.pid,
            since=self.since,
            restarts=self.restarts,
        )
