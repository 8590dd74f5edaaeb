"""What one late transfer costs: a deposit that comes after many sends of its pool and belongs before them."""

import time
from collections.abc import Iterator
from typing import Any

from app.domain import Transfer
from app.projection.pending import project_all_pending
from bench.machine import machine
from bench.stores import stores, transfer, write

LATER = (10, 1_000, 100_000)
_RECEIVERS = 1_000


def run() -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary."""
    figures: dict[str, Any] = {"machine": machine()}
    with stores() as s:
        offset = 0
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
