"""Starts each process of a stack again that ends or does not answer, and leaves the others alone."""

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Event
from time import monotonic
from typing import Final

import psutil

from embedded.check import Check
from embedded.process import StartFailed
from embedded.restarts import RestartLog, now
from embedded.stack import START_SECONDS, Stack
from embedded.watched import Watched

TICK_SECONDS: Final = 0.2
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
DAMAGES, RENEW_SECONDS, RENEW_FREE_BYTES = 2, 3_600.0, 256 << 20
"""After so many failed starts Neo4j starts from nothing: once an hour at most, and on no full disk."""
OTHER_CAUSES: Final = (
    "BindException",
    "already in use",
    "No space left",
    "OutOfMemory",
    "insufficient memory",
)
"""What the log of a server says that ended at its start for no fault of its data."""
RENEW: Final = "neo4j.renew"
"""A file of the home that asks for it."""
STEADY_SECONDS: Final = 60.0
"""After so long without an end, pauses begin with the first again."""
ORPHANS_SECONDS: Final = 5.0
"""How long the descendants of a process that has ended may take to end, such as PostgreSQL's."""


class Supervisor:
    """Watches the processes of a running stack. Main thread only, since only that may start processes.

    A process that ended is started again after a pause that doubles with each end; one that lives and does
    not answer its check for `silent` seconds is ended first. A client starts when the servers that it needs
    answer. `tell` gets a sentence for each end. Neo4j's data is set aside when it cannot be opened twice, if
    `renews`, and when the file `RENEW` asks for it.
    """

    def __init__(
        self, stack: Stack, silent: float, tell: Callable[[str], None], *, renews: bool = True
    ) -> None:
        self._stack = stack
        self._silent = silent
        self._renews = renews
        self._tell = tell
        self._log = RestartLog(stack.home, os.getpid())
        self._watched = {name: Watched(name, self._check(name)) for name in stack.pids}
        self._grace_from = self._ticked = monotonic()

    def run(self, stop: Event) -> None:
        """Supervises until `stop` is set."""
        try:
            while not stop.wait(TICK_SECONDS):
                self.tick()
                self._write(ready=True)
        finally:
            for watched in self._watched.values():
                if watched.check is not None:
                    watched.check.end()

    def settle(self, seconds: float) -> None:
        """Returns when every process has answered again so long after the first answer of the last of them.

        Raises:
            StartFailed: one of them ends meanwhile, or is silent.
        """
        self._write(ready=False)
        since, damaged = monotonic(), self._stack.damaged
        required = [each for each in self._watched.values() if self._renews or each.name not in damaged]
        limit = seconds + (START_SECONDS if damaged else self._silent)
        while not all(each.answered_since(since + seconds) for each in required):
            Event().wait(0.1)
            for name in set(self._stack.dead()) - damaged:
                raise self._stack.ended_early(name)
            self.tick()
            if monotonic() - since > limit:
                silent = [each.name for each in required if not each.answered_since(since + seconds)]
                raise StartFailed(
                    f"{', '.join(silent)} does not answer any more: see {self._stack.home}/logs."
                )
        self._write(ready=True)

    def tick(self) -> None:
        """Looks at every process once."""
        moment = monotonic()
        if moment - self._ticked > self._silent / 2:  # this process was frozen itself: nobody was asked
            self._grace_from = moment
        self._ticked = moment
        self._renew_if_asked(moment)
        for watched in self._watched.values():
            if watched.check is None:
                self._start_if_due(watched, moment)
            elif why := self._why_ended(watched.check, watched.failures, moment):
                self._end(watched, watched.check, why, moment)
            elif watched.failures and moment - (watched.check.first_answer or moment) > STEADY_SECONDS:
                watched.failures = watched.damages = 0

    def _why_ended(self, check: Check, failures: int, moment: float) -> str | None:
        code = check.child.process.poll()
        if code is not None:
            return (
                f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            )
        if check.is_damaged:
            return check.problem
        silence = moment - max(check.answered or check.started, self._grace_from)
        if check.answered is None and not _is_stopped(check.child.process.pid):
            # A start may take long, as after a crash of a large store: each try is given twice the time.
            limit = START_SECONDS * 2 ** min(failures, 5)
        else:
            limit = self._silent
        return f"did not answer for {limit:.0f} s: {check.problem}" if silence > limit else None

    def _end(self, watched: Watched, check: Check, why: str, moment: float) -> None:
        check.end()
        if check.child.process.poll() is None:
            check.child.kill()
        watched.failures += 1
        watched.damages += check.is_damaged or _has_refused_to_start(check)
        watched.restarts += 1
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (watched.failures - 1))
        watched.check, watched.ended, watched.pause_ends = None, moment, moment + pause
        watched.since = now()
        self._log.add(watched.name, why)
        advice = (
            " Or rebuild the graph: `aml reload-graph --wipe`."
            if check.is_damaged and not self._renews
            else ""
        )
        self._tell(f"{watched.name} {why}. It is started again in {pause:g} s.{advice}")

    def _start_if_due(self, watched: Watched, moment: float) -> None:
        child = self._stack.child(watched.name)
        if not child.ended(0):
            if moment - watched.ended > ORPHANS_SECONDS:
                child.kill()
            return
        if moment < watched.pause_ends or not all(map(self._answers, self._stack.needs(watched.name))):
            return
        is_due = watched.name == "neo4j" and self._renews and watched.damages >= DAMAGES
        try:
            if is_due and self._may_renew(watched, moment):
                self._renew(watched, moment)
            self._stack.launch(watched.name)
        except (StartFailed, OSError) as exc:  # the system has no more processes, memory or disk
            watched.failures += 1
            watched.pause_ends = moment + LONGEST_PAUSE_SECONDS
            self._tell(f"{exc} It is tried again in {LONGEST_PAUSE_SECONDS:g} s.")
            return
        watched.check = self._check(watched.name)
        watched.since = now()

    def _renew_if_asked(self, moment: float) -> None:
        request = self._stack.home / RENEW
        if (watched := self._watched.get("neo4j")) is None or not request.exists():
            return
        if watched.check is not None:
            self._end(watched, watched.check, "is to start from nothing", moment)
        elif self._stack.child("neo4j").ended(0):
            with suppress(OSError):  # the disk is full: at one of the next looks
                self._renew(watched, moment)
                watched.pause_ends = moment
                request.unlink()

    def _may_renew(self, watched: Watched, moment: float) -> bool:
        recently = watched.renewed is not None and moment - watched.renewed < RENEW_SECONDS
        return not recently and shutil.disk_usage(self._stack.home).free > RENEW_FREE_BYTES

    def _renew(self, watched: Watched, moment: float) -> None:
        sentence = self._stack.renew(watched.name)
        watched.renewed, watched.failures, watched.damages = moment, 0, 0
        self._log.add(watched.name, sentence)
        self._tell(sentence)

    def _answers(self, name: str) -> bool:
        watched = self._watched.get(name)
        return watched is None or watched.answered_since(monotonic() - self._silent)

    def _check(self, name: str) -> Check:
        return Check(self._stack.child(name), self._stack.question(name), min(5.0, self._silent / 4))

    def _write(self, *, ready: bool) -> None:
        self._log.write([each.told() for each in self._watched.values()], ready=ready)


def _has_refused_to_start(check: Check) -> bool:
    tail = check.child.log_tail()
    has_failed = check.answered is None and (check.child.process.poll() or 0) > 0
    return has_failed and not any(cause in tail for cause in OTHER_CAUSES)


def _is_stopped(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False
