"""How fast transfers get from Kafka into both stores, and what the parts could do alone.

On the same transfers in one run: the record alone (facts, pools, offsets; no graph), the raw MERGE ceiling
(finished rows into the graph, nothing else running), end to end (the consumer's process is started on a
topic that is already full, and the clock stops when both stores hold everything), and then the seconds from
producing a transfer until it is in the graph, at a steady rate.
"""

import gc
import time
from collections.abc import Sequence
from typing import Any

from app.domain import Transfer
from app.errors import AmlError
from app.garbage_collection import collect_rarely
from app.projection.rows import TRANSFER_ROWS, WALLET_ROWS
from app.projection.state import owned_state
from app.projection.write import write_transfers, write_wallets
from app.record.identity import record_id
from bench.latency import WARM_UP_SECONDS, latencies
from bench.machine import machine
from bench.processes import BenchedConsumer, cpu_seconds
from bench.servers import Servers, conditions, servers
from bench.stores import story
from ingest.consumer.service import ALLOCATIONS
from ingest.kafka.producer import produce
from ingest.record.writer import DecodedMessage, write_batch

WARM_UP_TRANSFERS = 30_000
"""Before anything is timed: the Java compiler is not what is measured."""


def run(transfers: int, *, rate: int, seconds: int) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary.

    Raises:
        AmlError: not everything arrived, so that no figure means anything.
    """
    before = machine()
    with servers() as s:
        _warm_up(s, transfers)
        figures = _throughput(s, transfers)
        if seconds:
            told = story(rate * (WARM_UP_SECONDS + seconds), seed=2)
            with BenchedConsumer() as consumer:
                figures["latency"] = latencies(s.settings, s.postgres, consumer, told, rate)
        return {
            "command": f"aml bench ingest --transfers {transfers} --rate {rate} --seconds {seconds}",
            "machine": before,
            **conditions(s.settings),
            **figures,
        }


def _warm_up(s: Servers, transfers: int) -> None:
    _seconds_of_record(s, story(min(transfers, WARM_UP_TRANSFERS), seed=3))
    _seconds_of_merge(s)
    s.clear()


def _throughput(s: Servers, transfers: int) -> dict[str, Any]:
    """Transfers per second of the parts and of the whole."""
    told = story(transfers)
    record = _seconds_of_record(s, told)
    merge = _seconds_of_merge(s)
    s.clear()
    produce(told, s.settings)
    load = machine()["load_1_minute"]
    used = cpu_seconds(s.pids)
    began = time.perf_counter()
    with BenchedConsumer() as consumer:
        s.wait_until_ingested(transfers, consumer, graph=True)
        whole = time.perf_counter() - began
        using = cpu_seconds(s.pids) | {"consumer": consumer.cpu_seconds()}
        peak, steps = consumer.peak_bytes(), consumer.steps()
    totals = s.totals()
    if totals.stored != transfers:
        raise AmlError(f"{totals.stored} of {transfers} transfers were stored.")
    return {
        "transfers": transfers,
        "record_alone_per_second": round(transfers / record),
        "merge_alone_per_second": round(transfers / merge),
        "end_to_end_per_second": round(transfers / whole),
        "end_to_end_seconds": round(whole, 1),
        "share_of_the_ceiling": round(merge / whole, 2),
        "load_before_end_to_end": load,
        "consumer_peak_mb": round(peak / 2**20),
        "cpu_microseconds_per_transfer": {
            name: round((seconds - used.get(name, 0)) / transfers * 1e6) for name, seconds in using.items()
        },
        "batches": totals.batches,
        "step_seconds": steps,
    }


def _seconds_of_record(s: Servers, told: Sequence[Transfer]) -> float:
    messages = [DecodedMessage("bench", 0, i, None, b"", transfer) for i, transfer in enumerate(told)]
    collect_rarely(ALLOCATIONS)  # as the consumer does
    size = s.settings.batch_messages
    began = time.perf_counter()
    for start in range(0, len(messages), size):
        batch = messages[start : start + size]
        s.postgres.run(lambda connection: write_batch(connection, batch))  # noqa: B023 - run at once
    seconds = time.perf_counter() - began
    gc.unfreeze()
    return seconds


def _seconds_of_merge(s: Servers) -> float:
    """The rows are read from the record first: only the graph's own work is timed."""
    wallets, transfers = [], []
    with s.postgres.transaction() as connection:
        last = -1
        while (page := WALLET_ROWS.after(connection, last)).rows:
            wallets.append(page)
            last = page.columns["wallet_id"][-1]
        last = -1
        while (page := TRANSFER_ROWS.after(connection, last)).rows:
            transfers.append(page)
            last = page.columns["transfer_id"][-1]
    state = owned_state(s.graph, s.postgres.run(record_id))
    began = time.perf_counter()
    for page in wallets:
        write_wallets(s.graph, state, page)
    for page in transfers:
        write_transfers(s.graph, state, page)
    return time.perf_counter() - began
