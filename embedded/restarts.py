"""What the supervisor has done in a home: a file of its own, which `aml status` reads."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypedDict

from embedded.home import write_json

FILE = "supervisor.json"
KEPT = 100
"""How many restarts are remembered."""


class Restart(TypedDict):
    """One process that was started again: when it ended (UTC, ISO 8601), and why."""

    name: str
    at: str
    why: str


class ProcessState(TypedDict):
    """One process: `starting` until its first answer, `waiting` while it is not there."""

    name: str
    state: Literal["starting", "running", "waiting"]
    pid: int | None
    since: str
    restarts: int


class Supervision(TypedDict):
    """The supervisor with process number `supervisor`, its processes, and restarts, the latest at the end."""

    supervisor: int
    ready: bool
    processes: list[ProcessState]
    restarts: list[Restart]


def now() -> str:
    """The time as the file has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_supervision(home: Path) -> Supervision | None:
    """What the file of a home says; None when there is none, or it is damaged."""
    try:
        supervision: Supervision = json.loads((home / FILE).read_text())
    except (OSError, ValueError):
        return None
    return supervision if Supervision.__required_keys__ <= supervision.keys() else None


class RestartLog:
    """The file of one home, written anew whenever what it says changes. Restarts of earlier runs stay."""

    def __init__(self, home: Path, supervisor: int) -> None:
        self._file = home / FILE
        previous = read_supervision(home)
        self.restarts: list[Restart] = previous["restarts"] if previous else []
        self._supervisor = supervisor
        self._written: Mapping[str, object] | None = None

    def add(self, name: str, why: str) -> None:
        """Remembers one restart."""
        self.restarts = [*self.restarts, Restart(name=name, at=now(), why=why)][-KEPT:]

    def write(self, processes: list[ProcessState], *, ready: bool) -> None:
        """Writes the file, if it would change; on a full disk at one of the next times."""
        state = Supervision(
            supervisor=self._supervisor, ready=ready, processes=processes, restarts=self.restarts
        )
        if state != self._written:
            with suppress(OSError):
                write_json(self._file, state)
                self._written = state
