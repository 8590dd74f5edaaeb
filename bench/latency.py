"""Seconds from producing a transfer until the graph has it, at a steady rate."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import text

from app.domain import Transfer
from app.errors import AmlError
from app.settings import Settings
from app.stores.postgres import Postgres
from bench.processes import BenchedConsumer
from ingest.kafka.producer import produce

WARM_UP_SECONDS = 5
PATIENCE_SECONDS = 300.0

# A batch is marked after the graph has committed the last of its edges, by the clock of this machine.
_IN_GRAPH = text("""
    SELECT x.transaction_hash, x.transfer_index, extract(epoch FROM b.projected_at)::float8 AS at
    FROM transactions x JOIN flows f USING (transfer_id) JOIN batches b ON b.batch_id = x.batch_id
    WHERE b.projected_at IS NOT NULL AND x.ingested_at >= to_timestamp(:since)
""")


def latencies(
    settings: Settings, postgres: Postgres, consumer: BenchedConsumer, story: Sequence[Transfer], rate: int
) -> dict[str, Any]:
    """Percentiles over all transfers but those of the first seconds, when the consumer still starts.

    Raises:
        AmlError: the consumer has ended, or something is not in the graph minutes later.
    """
    produced: dict[tuple[str, int], float] = {}
    consumer.wait_until_assigned()
    since = time.time()
    produce(_paced(story, rate, produced), settings)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(in_graph := _in_graph(postgres, since)) < len(story) and time.monotonic() < deadline:
        consumer.check()
        time.sleep(0.2)
    counted = list(produced)[WARM_UP_SECONDS * rate :]
    if missing := [key for key in counted if key not in in_graph]:
        raise AmlError(
            f"{len(missing)} transfers were not in the graph after {PATIENCE_SECONDS:.0f} seconds."
        )
    seconds = np.array([in_graph[key] - produced[key] for key in counted])
    p50, p95, p99, largest = (round(float(x), 3) for x in np.percentile(seconds, [50, 95, 99, 100]))
    taken = max(produced.values()) - min(produced.values())
    return {
        "produced_per_second": round(len(story) / taken, 1),
        "transfers": len(counted),
        "p50_seconds": p50,
        "p95_seconds": p95,
        "p99_seconds": p99,
        "largest_seconds": largest,
        "step_seconds": consumer.steps(),
    }


def _paced(
    story: Sequence[Transfer], rate: int, produced: dict[tuple[str, int], float]
) -> Iterator[Transfer]:
    began = time.perf_counter()
    for position, transfer in enumerate(story):
        time.sleep(max(0.0, began + position / rate - time.perf_counter()))
        produced[transfer.transaction_hash, transfer.transfer_index] = time.time()
        yield transfer


def _in_graph(postgres: Postgres, since: float) -> dict[tuple[str, int], float]:
    with postgres.transaction() as connection:
        rows = connection.execute(_IN_GRAPH, {"since": since})
        return {(row.transaction_hash, row.transfer_index): row.at for row in rows}
