"""What late transfers cost: one before many sends of its pool, and a thousand in one batch or in fifty."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from app.domain import Transfer
from app.projection.pending import project_all_pending
from app.settings import PROJECT
from bench.busy_pool import fill
from bench.machine import machine
from bench.processes import cpu_seconds
from bench.stores import Stores, stores, transfer, write

LATER = (10, 1_000, 100_000)
IMPORTED, BATCHES = 1_000, 50
_RECEIVERS = 1_000


def run() -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary."""
    figures: dict[str, Any] = {"machine": machine()}
    with stores() as s:
        fill(s.postgres, LATER[-1])
        for number, batches in enumerate((BATCHES, 1)):
            name = f"{IMPORTED}_in_{batches}_batches_before_{LATER[-1]}"
            figures[name] = _import(s, batches, first=IMPORTED * number)
        project_all_pending(s.postgres, s.graph)
        figures |= _one_late_transfer(s)
    return figures


def _import(s: Stores, batches: int, *, first: int) -> dict[str, Any]:
    """A process of its own writes them into the record."""
    before = cpu_seconds(s.pids)["postgres"]
    child = subprocess.run(
        [sys.executable, "-m", "bench.late_writer", str(IMPORTED), str(batches), str(first)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(child.stdout)
    return {
        "record_seconds": found["seconds"],
        "cpu_seconds": found["cpu_seconds"],
        "postgres_cpu_seconds": round(cpu_seconds(s.pids)["postgres"] - before, 1),
        "restated_a_batch": found["restated_a_batch"],
        "peak_mb": found["peak_bytes"] >> 20,
        "of_it_restating_mb": found["peak_bytes"] - found["before_bytes"] >> 20,
    }


def _one_late_transfer(s: Stores) -> dict[str, Any]:
    figures = {}
    offset = 2 * IMPORTED
    for number, later in enumerate((10, *LATER)):  # the first is a warm-up and is measured again
        asset = f"ASSET{number}"
        write(s.postgres, _pool(asset, later), offset)
        project_all_pending(s.postgres, s.graph)
        offset += later + 1
        began = time.perf_counter()
        restated = write(s.postgres, [transfer(5, 3, 2, 10**6, asset=asset)], offset)
        recorded = time.perf_counter()
        project_all_pending(s.postgres, s.graph)
        projected = time.perf_counter()
        offset += 1
        figures[f"behind_it_{later}"] = {
            "restated": restated,
            "record_seconds": round(recorded - began, 3),
            "graph_seconds": round(projected - recorded, 3),
        }
    return figures


def _pool(asset: str, later: int) -> Iterator[Transfer]:
    """A pool that receives once and then sends so many times, to many others."""
    yield transfer(10, 1, 2, 10**24, asset=asset)
    for number in range(later):
        yield transfer(11 + number, 2, 10 + number % _RECEIVERS, 10**15 + number, asset=asset)
