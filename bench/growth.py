"""Whether ingestion into a large record and graph is as fast as into empty ones.

At each size so many transfers follow through the real writers: into the record alone, their edges into the
graph alone, and as many again end to end from Kafka. They are the same at every size: a batch touches as many
wallets and pools, and a third bring a wallet that nobody knows. They are deleted before the next size. At the
end empty stores are measured again: what the machine did meanwhile shows there.
"""

import gc
import os
import time
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import structlog

from app.domain import Transfer
from app.garbage_collection import collect_rarely
from app.policy.policy import load_policy
from app.projection.rows import TRANSFER_ROWS, WALLET_ROWS, paged
from app.projection.state import owned_state
from app.projection.write import write_transfers, write_wallets
from app.record.identity import record_id
from bench.grown import NO_OFFSETS, fill_graph, following, forget, mark_all_projected, pages_after
from bench.ledger import Ledger
from bench.machine import machine
from bench.processes import BenchedConsumer, cpu_seconds
from bench.servers import Servers, conditions, servers
from ingest.consumer.service import ALLOCATIONS
from ingest.kafka.producer import produce
from ingest.record.writer import DecodedMessage, write_batch

SIZES = (0, 1_000_000, 5_000_000, 10_000_000)
_WARM_UP_TRANSFERS = 30_000

log = structlog.get_logger()


def run(sizes: Sequence[int], *, sample: int, graph_up_to: int) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary.

    Args:
        sizes: numbers of transfers that record and graph hold, growing.
        sample: how many transfers follow at each size, once into the record and once end to end.
        graph_up_to: above this size only the record is measured: filling the graph takes minutes a million.
    """
    if any(later <= earlier for earlier, later in pairwise(sizes)):
        raise ValueError("sizes must grow")
    before = machine()
    rows: list[dict[str, Any]] = []
    with servers() as s:
        ledger = Ledger(s.postgres, load_policy(s.settings.policy_file))
        _measured(s, ledger, _WARM_UP_TRANSFERS, "warm-up", graph=True)
        forget(s, ledger)
        for size in sizes:
            began = time.perf_counter()
            if size:
                ledger.grow(size)
            fill_graph(s, ledger, graph=size <= graph_up_to)
            row = {"holds": size, "fill_seconds": round(time.perf_counter() - began, 1)}
            rows.append(row | _measured(s, ledger, sample, f"growth-{size}", graph=size <= graph_up_to))
            log.info("measured", **rows[-1])
            forget(s, ledger)
        empty = Ledger(s.postgres, load_policy(s.settings.policy_file))
        forget(s, empty)
        rows.append(
            {"holds": 0, "fill_seconds": 0.0} | _measured(s, empty, sample, "growth-again", graph=True)
        )
        log.info("measured", **rows[-1])
        for row in rows:
            row["record_of_that_at_0"] = round(row["record_per_second"] / rows[0]["record_per_second"], 2)
        sized = " ".join(f"--transfers {size}" for size in sizes)
        return {
            "command": f"aml bench growth {sized} --sample {sample} --graph-up-to {graph_up_to}",
            "machine": before,
            **conditions(s.settings),
            "what": f"{sample} transfers that follow; the record's rate is the median of its batches; end to"
            " end with the consumer's start; processor time in microseconds a transfer: of the record its"
            " server and writer, of MERGE Neo4j's, end to end that of all processes",
            "rows": rows,
        }


def _measured(s: Servers, ledger: Ledger, sample: int, topic: str, *, graph: bool) -> dict[str, Any]:
    told = following(ledger, 2 * sample)
    row = {"load_1_minute": machine()["load_1_minute"], **_record_alone(s, told[:sample])}
    if graph:
        row |= _merge_alone(s, ledger) | _end_to_end(s, told[sample:], topic)
        row["share_of_merge"] = round(row["end_to_end_per_second"] / row["merge_per_second"], 2)
    return row


def _record_alone(s: Servers, told: Sequence[Transfer]) -> dict[str, Any]:
    messages = [DecodedMessage("bench", 0, i, None, b"", transfer) for i, transfer in enumerate(told)]
    collect_rarely(ALLOCATIONS)  # as the consumer does
    size = s.settings.batch_messages
    used, own = cpu_seconds(s.pids)["postgres"], time.process_time()
    seconds = []
    for batch in paged(messages, size):
        began = time.perf_counter()
        s.postgres.run(lambda connection: write_batch(connection, batch))  # noqa: B023 - run at once
        seconds.append((time.perf_counter() - began) / len(batch))
    gc.unfreeze()
    using = cpu_seconds(s.pids)["postgres"] - used + time.process_time() - own
    with s.postgres.transaction() as connection:
        connection.execute(NO_OFFSETS)
    return {
        "record_per_second": round(1 / median(seconds)),
        "record_processor_us": round(using / len(told) * 1e6),
    }


def _merge_alone(s: Servers, ledger: Ledger) -> dict[str, Any]:
    """The rows are read beforehand: only the graph's own work is timed."""
    state = owned_state(s.graph, s.postgres.run(record_id))
    wallets = list(pages_after(s, WALLET_ROWS, ledger.wallets))
    transfers = list(pages_after(s, TRANSFER_ROWS, ledger.transfers))
    for page in wallets:
        write_wallets(s.graph, state, page)
    used, began = cpu_seconds(s.pids)["neo4j"], time.perf_counter()
    for page in transfers:
        write_transfers(s.graph, state, page)
    seconds, using = time.perf_counter() - began, cpu_seconds(s.pids)["neo4j"] - used
    mark_all_projected(s)
    rows = sum(page.rows for page in transfers)
    return {"merge_per_second": round(rows / seconds), "merge_processor_us": round(using / rows * 1e6)}


def _end_to_end(s: Servers, told: Sequence[Transfer], topic: str) -> dict[str, Any]:
    """The consumer's process starts on a topic that is full; until both stores hold everything."""
    own = {"AML_TRANSFERS_TOPIC": topic, "AML_CONSUMER_GROUP": topic}
    os.environ.update(own)
    produce(told, s.settings.model_copy(update={"transfers_topic": topic, "consumer_group": topic}))
    used, began = sum(cpu_seconds(s.pids).values()), time.perf_counter()
    with BenchedConsumer() as consumer:
        s.wait_until_ingested(len(told), consumer, graph=True)
        seconds = time.perf_counter() - began
        using = sum(cpu_seconds(s.pids).values()) - used + consumer.cpu_seconds()
        peak = consumer.peak_bytes()
    return {
        "end_to_end_processor_us": round(using / len(told) * 1e6),
        "end_to_end_per_second": round(len(told) / seconds),
        "end_to_end_seconds": round(seconds, 1),
        "consumer_peak_mb": round(peak / 2**20),
    }
