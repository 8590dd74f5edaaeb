"""Child processes that end with their parent, and waiting until they are ready or have ended."""

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import DependencyMissing
from embedded.family import holders_of, kill_all
from embedded.os_user import OsUser, popen_options

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_KEPT_LOG_BYTES = 8 << 20
_TAIL_LINES = 15
_POLL_SECONDS = 0.05


class StartFailed(DependencyMissing):
    """A server did not start; the message holds the end of its log."""


class DataDamaged(StartFailed):
    """A server runs, and cannot open its data."""


@dataclass(frozen=True)
class Command:
    """What to run, where, as which user (None: the current one), and the signal that asks it to stop.

    `environment` is added to the few variables that every child gets. `become` is what the child calls to
    become the user, where there is more to it than the user's id.
    """

    argv: tuple[str, ...]
    cwd: Path
    user: OsUser | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)
    become: Callable[[], None] | None = None


@dataclass
class Child:
    """A started process; `lifeline` reads as ended once it and all its descendants have."""

    name: str
    process: subprocess.Popen[bytes]
    stop_signal: signal.Signals
    log: Path
    log_start: int
    lifeline: int = field(repr=False)

    def ended(self, seconds: float) -> bool:
        """Wait at most `seconds` for the process and all its descendants to end; return whether they have."""
        if self.lifeline >= 0:
            poll = select.poll()
            poll.register(self.lifeline, select.POLLIN)
            if not poll.poll(max(0.0, seconds) * 1000):
                return False
            os.close(self.lifeline)
            self.lifeline = -1
            self.process.wait()
        return True

    def kill(self) -> None:
        """Ends the process and all its descendants, stopped ones too."""
        descendants = holders_of(self.lifeline) if self.lifeline >= 0 else set()
        if self.process.poll() is None:
            self.process.kill()
        kill_all(descendants)

    def log_tail(self) -> str:
        """The last lines logged since this child started."""
        with self.log.open("rb") as file:
            file.seek(self.log_start)
            return "\n".join(file.read().decode(errors="replace").splitlines()[-_TAIL_LINES:])


def spawn(name: str, command: Command, *, log: Path, lock_fd: int) -> Child:
    """Start a child in a session of its own, logging to `log` and holding the home's lock.

    Raises:
        StartFailed: not called from the main thread, or the system refuses.
    """
    if threading.current_thread() is not threading.main_thread():  # PDEATHSIG follows the thread that forked
        raise StartFailed(f"{name} can only be started from the main thread.")
    if log.exists() and log.stat().st_size > _KEPT_LOG_BYTES:
        log.replace(log.with_suffix(".1.log"))
    lifeline, write_end = os.pipe()
    try:
        with open(log, "ab", opener=_private) as out:
            log_start = out.tell()
            process = subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env={**_environment(), **command.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
                pass_fds=(lock_fd, write_end),
                preexec_fn=_in_child(command),  # noqa: PLW1509 - only system calls
                **popen_options(None if command.become else command.user),
            )
    except (OSError, subprocess.SubprocessError) as exc:
        os.close(lifeline)
        raise StartFailed(f"{name} could not be started: {exc}") from exc
    finally:
        os.close(write_end)
    return Child(name, process, command.stop_signal, log, log_start, lifeline)


def wait_until_ready(
    child: Child, ready: Callable[[], None], *, seconds: float, cancelled: threading.Event
) -> None:
    """Call `ready` repeatedly until it raises nothing; return early when `cancelled`.

    Raises:
        StartFailed: the child ended first, or did not answer in time.
        DataDamaged: it says that it cannot open its data.
    """
    deadline = time.monotonic() + seconds
    while child.process.poll() is None and not cancelled.is_set():
        try:
            ready()
        except DataDamaged:
            raise
        except Exception as exc:  # any error means: not ready yet
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"{child.name} did not answer within {seconds:.0f} s ({exc}): see {child.log}."
                ) from exc
        else:
            return
        child.ended(_POLL_SECONDS)
    if not cancelled.is_set():
        raise ended_early(child)


def run_to_end(child: Child, *, seconds: float) -> None:
    """Wait for a child that ends by itself.

    Raises:
        StartFailed: it failed, or took too long and was stopped.
    """
    if not child.ended(seconds):
        stop([child], seconds=1)
        raise StartFailed(f"{child.name} took longer than {seconds:.0f} s: see {child.log}.")
    if child.process.returncode:
        raise ended_early(child)


def stop(children: list[Child], *, seconds: float) -> None:
    """Ask all to stop, wait for them and their descendants, kill what is left."""
    for child in children:
        if child.process.poll() is None:
            child.process.send_signal(child.stop_signal)
            child.process.send_signal(signal.SIGCONT)  # a stopped process takes no other signal
    deadline = time.monotonic() + seconds
    for child in children:
        if not child.ended(deadline - time.monotonic()):
            child.kill()
            child.ended(10)


def ended_early(child: Child) -> StartFailed:
    """The error for a child that ended before it was ready, with the end of its log."""
    return StartFailed(
        f"{child.name} stopped while starting (exit code {child.process.returncode}). "
        f"The end of {child.log}:\n{child.log_tail()}"
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _environment() -> dict[str, str]:
    """Few variables: no JAVA_TOOL_OPTIONS, PGDATA or secrets; UTF-8 paths whatever the caller's locale."""
    inherited = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC", **inherited}


def _in_child(command: Command) -> Callable[[], None] | None:
    """What a child does before it runs the command: it becomes the user, and ends with its parent."""
    if _LIBC is None:
        return command.become
    libc, parent, become, stop_signal = _LIBC, os.getpid(), command.become, int(command.stop_signal)

    def in_child() -> None:
        if become is not None:  # first: who becomes another user forgets the next line
            become()
        libc.prctl(_PR_SET_PDEATHSIG, stop_signal)  # if forbidden, children outlive a killed parent
        if os.getppid() != parent:
            os._exit(1)

    return in_child
