"""What one late transfer costs: a deposit that comes after many sends of its pool and belongs before them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain import Transfer
from app.projection.owed import project_all_owed
from bench.machine import machine
from bench.stores import stores, write

LATER = (10, 1_000, 100_000)
_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_RECEIVERS = 1_000


def run() -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary."""
    figures: dict[str, Any] = {"machine": machine()}
    with stores() as (postgres, graph):
        offset = 0
        for number, later in enumerate((10, *LATER)):  # the first is a warm-up and is measured again
            asset = f"ASSET{number}"
            write(postgres, _pool(asset, later), offset)
            project_all_owed(postgres, graph)
            offset += later + 1
            began = time.perf_counter()
            restated = write(postgres, [_transfer(asset, 5, 3, 2, 10**6)], offset)
            recorded = time.perf_counter()
            project_all_owed(postgres, graph)
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
    yield _transfer(asset, 10, 1, 2, 10**24)
    for number in range(later):
        yield _transfer(asset, 11 + number, 2, 10 + number % _RECEIVERS, 10**15 + number)


def _transfer(asset: str, block: int, sender: int, receiver: int, amount: int) -> Transfer:
    return Transfer(
        chain="ethereum",
        transaction_hash=f"0x{asset.encode().hex():0>48}{block:016x}",
        transfer_index=0,
        block_number=block,
        transaction_index=0,
        occurred_at=_BEGIN + timedelta(seconds=block),
        sender=f"0x{sender:040x}",
        receiver=f"0x{receiver:040x}",
        asset=asset,
        amount=amount,
        decimals=18,
        usd_value=None,
    )
