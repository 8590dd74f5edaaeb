"""What a backlog costs the consumer: its memory and speed while it works off so many messages."""

import time
from typing import Any

from bench.machine import machine
from bench.processes import BenchedConsumer
from bench.servers import conditions, servers
from ingest.producer import produce
from ingest.simulator.simulate import simulate


def run(messages: int) -> dict[str, Any]:
    """Until the record holds all of them; the graph is written meanwhile, and may be behind at the end."""
    with servers() as s:
        produce(simulate(1, wallets=max(300, messages // 3), transfers=messages).transfers, s.settings)
        began = time.perf_counter()
        with BenchedConsumer() as consumer:
            s.wait_until_ingested(messages, consumer, graph=False)
            seconds = time.perf_counter() - began
            peak = consumer.peak_bytes()
        totals = s.totals()
        return {
            "command": f"aml bench burst --messages {messages}",
            "machine": machine(),
            **conditions(s.settings),
            "messages": messages,
            "stored": totals.stored,
            "record_seconds": round(seconds, 1),
            "record_per_second": round(messages / seconds),
            "batches": totals.batches,
            "batches_owed_to_the_graph": totals.owed,
            "consumer_peak_mb": round(peak / 2**20),
        }
