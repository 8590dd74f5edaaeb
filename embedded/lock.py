"""File locks that end with their last holder, even a killed one."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from app.errors import DependencyMissing, InUse
from embedded.family import holders_of, kill_all

try:
    import fcntl
except ImportError as exc:
    raise DependencyMissing(
        "The embedded servers need Linux or macOS; on Windows use WSL or docker-compose.yml."
    ) from exc

_CLOCK_SECONDS = 2.0
_ORPHANS_SECONDS = 10.0
"""How long the children of a killed process may take to end by themselves; one that hangs never does."""


def try_lock(fd: int) -> bool:
    """Take the exclusive lock of an open file if it is free; return whether it was."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def exclusive(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a file while the block lasts; `waiting` is called first if somebody else holds it."""
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not try_lock(fd):
            waiting()
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def hold(file: Path, *, wait_seconds: float = 60.0) -> int:
    """Lock the file for this process and write its id into it; return the open descriptor.

    Children that inherit the descriptor hold the lock too. If only children of a killed process hold it,
    this waits until they have ended, and ends those that do not by themselves.

    Raises:
        InUse: a living process holds the lock, or orphaned children still do after `wait_seconds`.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _wait(fd, file, deadline)
            if _is_same(fd, file):  # otherwise it was deleted meanwhile: lock the new file
                os.ftruncate(fd, 0)
                os.pwrite(fd, f"{os.getpid()} {psutil.Process().create_time()}".encode(), 0)
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _wait(fd: int, file: Path, deadline: float) -> None:
    orphans_end = time.monotonic() + _ORPHANS_SECONDS
    while not try_lock(fd):
        if (pid := holder(file)) is not None:
            raise InUse(f"{file.parent} is in use by process {pid}: stop it, or choose another folder.")
        if time.monotonic() > deadline:
            raise InUse(f"Servers of an earlier run still hold {file.parent}: end them and try again.")
        if time.monotonic() > orphans_end:
            kill_all(holders_of(fd, of_lock=True))
        time.sleep(0.05)  # flock has no timed wait


def is_held(file: Path) -> bool:
    """Whether some living process holds the lock of this file."""
    try:
        fd = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not try_lock(fd)
    finally:
        os.close(fd)


def wait_until_free(file: Path, seconds: float) -> bool:
    """Wait until no process holds the lock of this file; return whether that came in time."""
    deadline = time.monotonic() + seconds
    while is_held(file):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)  # flock has no timed wait
    return True


def holder(file: Path) -> int | None:
    """The process that wrote its id into the lock file, if it still lives."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        pid, started = file.read_text().split()
        if abs(psutil.Process(int(pid)).create_time() - float(started)) < _CLOCK_SECONDS:
            return int(pid)
    return None


def _is_same(fd: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), file.stat())
    except FileNotFoundError:
        return False
