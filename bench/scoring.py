"""How fast a whole graph is scored by the ledger engine, and in how much memory.

The ledger grows from size to size in one record. At each size a process of its own carries out one run, as
`aml score --engine ledger` does: reading, both directions over all hops, scores, storing, publishing. A first
run on the smallest size is thrown away: it compiles the kernels, which an installation does once. The run
that is measured finds no results and stores all of its own. Then one transfer in a thousand is new, and a
later run stores what differs.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from time import perf_counter
from types import ModuleType
from typing import Any

import structlog
from sqlalchemy import text

from app.errors import DependencyMissing
from app.policy.policy import load_policy
from app.settings import PROJECT, Settings
from app.stores.migrate import migrate
from app.stores.postgres import Postgres
from bench import load
from bench.ledger import CATEGORIES, Ledger
from bench.machine import machine
from bench.stores import own_servers
from bench.targets import Target

SIZES = (100_000, 300_000, 1_000_000, 3_000_000)
COMPUTE = ("tracing sources", "tracing destinations", "scoring wallets")
MIB = 2**20
_COMPARED_AT = 300_000
_HUB_EVERY = 5
_MILLION = 1_000_000
NEW_EVERY = 1_000
"""Before a later run, one more transfer for so many."""

log = structlog.get_logger()


def run(sizes: Sequence[int] = SIZES, sample: int = 300) -> dict[str, Any]:
    """Measures on an embedded PostgreSQL of its own; returns figures as a JSON-able dictionary.

    Args:
        sizes: numbers of transfers, each larger than the one before.
        sample: wallets whose neighbours networkx counts; 0 skips the comparison with it.

    Raises:
        DependencyMissing: networkx is not installed, and there is a sample.
    """
    neighbours = _neighbours() if sample else None
    if any(later <= earlier for earlier, later in pairwise(sizes)):
        raise ValueError("sizes must grow")
    with own_servers("postgres") as pids:
        settings = Settings()
        policy = load_policy(settings.policy_file)
        postgres = Postgres(settings.postgres_url)
        try:
            migrate(postgres)
            ledger = Ledger(postgres, policy)
            rows: list[dict[str, Any]] = []
            side_by_side: list[dict[str, Any]] = []
            for size in sizes:
                filling = perf_counter()
                ledger.grow(size)
                filled = perf_counter() - filling
                if not rows:
                    _score_once()
                rows.append(
                    _first_and_later(postgres, ledger, pids["postgres"]) | {"fill_seconds": round(filled, 1)}
                )
                log.info("measured", **rows[-1])
                if neighbours and size == max((s for s in sizes if s <= _COMPARED_AT), default=sizes[0]):
                    counts = neighbours.neighbour_counts(postgres, sample)
                    side_by_side.append(_compared("no hub", rows[-1], counts))
            if neighbours:
                with postgres.transaction() as connection:
                    connection.execute(_CLEAR)
                ledger = Ledger(postgres, policy)
                ledger.grow(side_by_side[0]["transfers"], hub_every=_HUB_EVERY)
                row = _first_and_later(postgres, ledger, pids["postgres"])
                counts = neighbours.neighbour_counts(postgres, sample)
                side_by_side.append(_compared("a hub in every fifth transfer", row, counts))
        finally:
            postgres.close()
    return {
        "command": " --transfers ".join(["aml bench scoring", *map(str, sizes)]) + f" --sample {sample}",
        "machine": machine(),
        "what": f"hop limit {policy.hop_limit}, both directions, {len(policy.categories)} categories of "
        f"which {len(CATEGORIES)} have labelled wallets; one run a size, each in a process of its own",
        "rows": rows,
        "compared": "processor time a wallet. networkx: breadth-first search for the labelled wallets within "
        "two hops, once upstream and once downstream, of a sample of wallets, on a graph of wallet pairs "
        "that is in memory already. Here: exact exposures of every wallet to every category at up to "
        f"{policy.hop_limit} hops in both directions, and its score; the time of all wallets by their number",
        "side_by_side": side_by_side,
        "targets": [target.shown() for target in _targets(rows)],
    }


def _neighbours() -> ModuleType:
    """The comparison with networkx, which is installed with the extra `bench` only.

    Raises:
        DependencyMissing: it is not.
    """
    try:
        from bench import neighbours  # noqa: PLC0415 - of an extra
    except ModuleNotFoundError as exc:
        raise DependencyMissing(
            "The comparison needs the Python package networkx: install the extra `bench`, for example with "
            "`pip install 'aml-risk[bench]'`, or skip the comparison with `--sample 0`."
        ) from exc
    return neighbours


def _score_once() -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.score_once"]
    done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _first_and_later(postgres: Postgres, ledger: Ledger, server_pid: int) -> dict[str, Any]:
    """A run that stores everything, and one after it with a thousandth of the transfers more."""
    with postgres.transaction() as connection:
        connection.execute(text("TRUNCATE exposures, risk_scores"))
    empty = _result_bytes(postgres)
    row = _measured(ledger, server_pid)
    first = _result_bytes(postgres)
    ledger.grow(ledger.transfers + max(ledger.transfers // NEW_EVERY, 1), hub_every=ledger.hub_every)
    later = _measured(ledger, server_pid)
    second = _result_bytes(postgres)
    return row | {
        "result_mib": round((first - empty) / MIB, 1),
        "later_run_seconds": later["run_seconds"],
        "later_result_mib": round((second - first) / MIB, 2),
        "later_bytes_of_first": round((second - first) / (first - empty), 4),
    }


def _result_bytes(postgres: Postgres) -> int:
    """The bytes of both tables of results, with their indexes."""
    with postgres.transaction() as connection:
        return int(connection.execute(_RESULT_BYTES).scalar_one())


def _measured(ledger: Ledger, server_pid: int) -> dict[str, Any]:
    before = load.now(server_pid)
    found = _score_once()
    after = load.now(server_pid)
    steps = found["steps"]

    def seconds(clock: str, names: Sequence[str]) -> float:
        return float(round(sum(steps[name][clock] for name in names), 2))

    whole = seconds("wall", list(steps))
    return {
        "transfers": ledger.transfers,
        "wallets": ledger.wallets,
        "compute_seconds": seconds("wall", COMPUTE),
        "compute_cpu_seconds": seconds("cpu", COMPUTE),
        "run_seconds": whole,
        "run_cpu_seconds": seconds("cpu", list(steps)),
        "server_cpu_seconds": round(after.server_cpu - before.server_cpu, 2),
        "peak_mib": round(found["peak_bytes"] / MIB),
        "compute_microseconds_a_transfer": round(seconds("cpu", COMPUTE) / ledger.transfers * 1e6, 2),
        "run_microseconds_a_transfer": round(whole / ledger.transfers * 1e6, 2),
        "load_before": round(before.load_1_minute, 1),
        "load_after": round(after.load_1_minute, 1),
        "steps": steps,
    }


def _compared(graph: str, row: dict[str, Any], counted: dict[str, Any]) -> dict[str, Any]:
    ours = row["compute_cpu_seconds"] / row["wallets"] * 1e6
    return {
        "graph": graph,
        "transfers": row["transfers"],
        "networkx": counted,
        "aml_cpu_microseconds_a_wallet": round(ours, 2),
        "times_faster": round(counted["cpu_microseconds_a_wallet"] / ours, 1),
        "later_bytes_of_first": row["later_bytes_of_first"],
    }


def _targets(rows: list[dict[str, Any]]) -> list[Target]:
    found = []
    for row in rows:
        name = f"bytes of a later run of {row['transfers']:,} transfers, of the first"
        found.append(Target(name, 0.1, row["later_bytes_of_first"]))
        if row["transfers"] == _MILLION:
            found += [
                Target("compute of 1,000,000 transfers, seconds", 3, row["compute_seconds"]),
                Target("whole run of 1,000,000 transfers, seconds", 25, row["run_seconds"]),
                Target("peak memory at 1,000,000 transfers, MiB", 2_048, row["peak_mib"]),
            ]
        elif row["wallets"] >= _MILLION:
            found.append(Target(f"peak memory of {row['wallets']:,} wallets, MiB", 2_048, row["peak_mib"]))
    if len(rows) > 1:
        first, last = rows[0], rows[-1]
        name = f"time a transfer at {last['transfers']:,}, of that at {first['transfers']:,}"
        for what in ("compute", "run"):
            key = f"{what}_microseconds_a_transfer"
            found.append(Target(f"{what} {name}", 1.5, round(last[key] / first[key], 2)))
    return found


_RESULT_BYTES = text("SELECT pg_total_relation_size('exposures') + pg_total_relation_size('risk_scores')")
_CLEAR = text(
    "TRUNCATE transactions, flows, pools, wallets, assets, batches, labels, exposures, risk_scores"
    " RESTART IDENTITY"
)
