"""Fault points: named places where a test kills or freezes a process, to prove that nothing is lost there.

`AML_FAULT=after_poll:3` kills the process (SIGKILL: nothing is cleaned up) the third time it reaches
`after_poll`; `AML_FAULT=after_poll:3:freeze` stops it (SIGSTOP) until it receives SIGCONT. Without that
variable a fault point costs one comparison and does nothing: only `arm`, when a process starts, reads it.
"""

import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from app.errors import InvalidInput

log = structlog.get_logger()

VARIABLE = "AML_FAULT"
INGESTION_POINTS = (
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
WORKER_POINTS = (
    "after_fetching_a_job",
    "before_a_call",
    "between_call_and_its_record",
    "inside_an_alerts_transaction",
)
POINTS = (*INGESTION_POINTS, *WORKER_POINTS)
SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}
_FAULT = re.compile(r"(?P<point>[a-z_]+)(?::(?P<time>[1-9][0-9]*)(?::(?P<action>kill|freeze))?)?")


@dataclass(slots=True)
class Fault:
    """Where the process is interrupted, how often it gets there until then (1: the first time), and how."""

    point: str
    visits: int
    signal: signal.Signals


class Armed:
    """The fault of this process, if any."""

    fault: Fault | None = None


def arm(environment: Mapping[str, str]) -> bool:
    """Reads the fault that this process was started with; says whether there is one.

    Raises:
        InvalidInput: it names no fault; a misspelt one must not look like one that was survived.
    """
    Armed.fault = parse(environment[VARIABLE]) if environment.get(VARIABLE) else None
    if Armed.fault is not None:
        log.warning("fault_armed", fault=environment[VARIABLE])
    return Armed.fault is not None


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
    if Armed.fault is not None and is_due(point):
        os.kill(os.getpid(), Armed.fault.signal)


def is_due(point: str) -> bool:
    """Whether the fault of this process is due at this visit of this point."""
    fault = Armed.fault
    if fault is None or fault.point != point:
        return False
    fault.visits -= 1
    return fault.visits == 0
