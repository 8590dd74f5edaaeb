"""Fault points: named places where a test kills or freezes the consumer, to prove that nothing is lost there.

`AML_FAULT=after_poll:3` kills the process (SIGKILL: nothing is cleaned up) the third time it reaches
`after_poll`; `AML_FAULT=after_poll:3:freeze` stops it (SIGSTOP) until it receives SIGCONT. Without that
variable a fault point costs one comparison and does nothing: only `arm`, when a process starts, reads it.
"""

import os
import random
import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import Any

import structlog

from app.errors import InvalidInput
from app.stores.graph import Graph
from cypher import Query

log = structlog.get_logger()

VARIABLE = "AML_FAULT"
POINTS = (
    "during_rebalance",
    "after_poll",
    "after_decode",
    "inside_postgres_transaction",
    "during_restatement",
    "between_postgres_and_offset_commit",
    "after_offset_commit",
    "inside_graph_write",
    "between_graph_write_and_acknowledgement",
    "during_reload",
)
SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}
_FAULT = re.compile(r"(?P<point>[a-z_]+)(?::(?P<time>[1-9][0-9]*)(?::(?P<action>kill|freeze))?)?")
GRAPH_WRITE_SECONDS = 0.03
"""About as long as a small write takes: a random moment of it interrupts most writes."""


@dataclass(slots=True)
class Fault:
    """Where the process is interrupted, how often it gets there until then (1: the first time), and how."""

    point: str
    visits: int
    signal: signal.Signals


class _Armed:
    """The fault of this process, if any."""

    fault: Fault | None = None


def arm(environment: Mapping[str, str]) -> bool:
    """Reads the fault that this process was started with; says whether there is one.

    Raises:
        InvalidInput: it names no fault; a misspelt one must not look like one that was survived.
    """
    _Armed.fault = parse(environment[VARIABLE]) if environment.get(VARIABLE) else None
    if _Armed.fault is not None:
        log.warning("fault_armed", fault=environment[VARIABLE])
    return _Armed.fault is not None


def parse(value: str) -> Fault:
    """The fault that is written as POINT, POINT:TIME or POINT:TIME:kill|freeze.

    Raises:
        InvalidInput: it is written otherwise.
    """
    match = _FAULT.fullmatch(value)
    if match is None or match["point"] not in POINTS:
        raise InvalidInput(
            f"{VARIABLE}={value} is no fault: write POINT:TIME or POINT:TIME:freeze with a point of "
            f"{', '.join(POINTS)}. It is for tests alone: unset it."
        )
    return Fault(match["point"], int(match["time"] or 1), SIGNALS[match["action"] or "kill"])


def fault_point(point: str) -> None:
    """Returns, unless the fault of this process is due at this point."""
    if _Armed.fault is not None and _is_due(point):
        os.kill(os.getpid(), _Armed.fault.signal)


def _is_due(point: str) -> bool:
    fault = _Armed.fault
    if fault is None or fault.point != point:
        return False
    fault.visits -= 1
    return fault.visits == 0


@contextmanager
def _interrupted(point: str, seconds: float) -> Iterator[None]:
    """As `fault_point`, at a random moment of the block, which takes about so many seconds."""
    if _Armed.fault is not None and _is_due(point):
        moment = random.uniform(0, seconds)  # noqa: S311 - no secret
        Timer(moment, os.kill, (os.getpid(), _Armed.fault.signal)).start()
    yield


class FaultyGraph(Graph):
    """The graph of a process with a fault: its writes are fault points."""

    def write(self, steps: Sequence[tuple[Query, Mapping[str, Any]]]) -> list[list[dict[str, Any]]]:
        """As `Graph.write`."""
        with _interrupted("inside_graph_write", GRAPH_WRITE_SECONDS):
            rows = super().write(steps)
        if steps[-1][0].name == "write/mark_projected":
            fault_point("between_graph_write_and_acknowledgement")
        return rows
