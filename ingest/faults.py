"""The fault points of ingestion: those of `app.faults`, and a graph whose writes are fault points."""

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import Any

from app.faults import INGESTION_POINTS as POINTS
from app.faults import VARIABLE, Armed, Fault, arm, fault_point, is_due, parse
from app.stores.graph import Graph
from cypher import Query

__all__ = ["POINTS", "VARIABLE", "Fault", "FaultyGraph", "arm", "fault_point", "parse"]

GRAPH_WRITE_SECONDS = 0.03
"""About as long as a small write takes: a random moment of it interrupts most writes."""


@contextmanager
def _interrupted(point: str, seconds: float) -> Iterator[None]:
    """As `fault_point`, at a random moment of the block, which takes about so many seconds."""
    if Armed.fault is not None and is_due(point):
        moment = random.uniform(0, seconds)  # noqa: S311 - no secret
        Timer(moment, os.kill, (os.getpid(), Armed.fault.signal)).start()
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
