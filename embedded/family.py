"""Processes found by a file that they hold open, and ending them whatever state they are in."""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

_PROC = Path("/proc")


def holders_of(fd: int, *, of_lock: bool = False) -> set[int]:
    """The other processes that hold the file or pipe of this descriptor open; on Linux, elsewhere none.

    With `of_lock` only those that hold the file's lock, and not those that wait for it. Processes of other
    users are found by root alone.
    """
    target = os.fstat(fd)
    holders = set()
    for descriptor in _descriptors():
        with contextlib.suppress(OSError):  # it was closed meanwhile, or is another user's
            if os.path.samestat(target, descriptor.stat()) and not (of_lock and not _has_lock(descriptor)):
                holders.add(int(descriptor.parent.parent.name))
    return holders - {os.getpid()}


def kill_all(pids: Iterable[int]) -> None:
    """Sends SIGKILL, which also ends a stopped process."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _descriptors() -> Iterator[Path]:
    for folder in _PROC.glob("[0-9]*/fd"):
        with contextlib.suppress(OSError):
            yield from folder.iterdir()


def _has_lock(descriptor: Path) -> bool:
    return "FLOCK" in (descriptor.parent.parent / "fdinfo" / descriptor.name).read_text()
