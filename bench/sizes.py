"""How much room and time a record takes at each size: in PostgreSQL, as Parquet, and scored by each engine.

The ledger of `bench.ledger` grows from size to size in one record, with a hub. At each size the record is
written as files (`aml export record`) into a new folder, and scored by the ledger engine and by Spark on this
machine, each in a process of its own, each storing all of its results.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from math import log
from pathlib import Path
from time import perf_counter
from typing import Any

import structlog
from sqlalchemy import text

from app.policy.policy import load_policy
from app.record_files.export import export_record
from app.settings import PROJECT, Settings
from app.stores.migrate import migrate
from app.stores.postgres import Postgres
from bench.ledger import Ledger
from bench.machine import machine
from bench.stores import own_servers

SIZES = (100_000, 300_000, 1_000_000)
ENGINES = ("ledger", "spark")
MIB = 2**20
TRACING = ("tracing sources", "tracing destinations")
COMPARED_UP_TO = 300_000
"""Beyond it the results of two runs do not fit beside each other in Python's objects."""
HUB_EVERY = 3
"""One transfer in three is the hub's."""

logger = structlog.get_logger()


def run(sizes: Sequence[int] = SIZES, engines: Sequence[str] = ENGINES) -> dict[str, Any]:
    """Measures on an embedded PostgreSQL of its own; returns figures as a JSON-able dictionary."""
    with own_servers("postgres"):
        settings = Settings()
        policy = load_policy(settings.policy_file)
        postgres = Postgres(settings.postgres_url)
        try:
            migrate(postgres)
            ledger = Ledger(postgres, policy)
            rows = []
            for size in sizes:
                ledger.grow(size, hub_every=HUB_EVERY)
                rows.append(_measured(postgres, ledger, engines))
                logger.info("measured", **rows[-1])
        finally:
            postgres.close()
    return {
        "command": " --transfers ".join(["aml bench sizes", *map(str, sizes)]),
        "machine": machine(),
        "what": f"hop limit {policy.hop_limit}, both directions, one wallet with a third of all transfers",
        "rows": rows,
        "exponents": {engine: _exponent(rows, f"{engine}_seconds") for engine in engines},
    }


def _measured(postgres: Postgres, ledger: Ledger, engines: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"transfers": ledger.transfers, "wallets": ledger.wallets}
    with postgres.transaction() as connection:
        connection.execute(_FORGET_RESULTS)
        row["record_mib"] = round(connection.execute(_RECORD_BYTES).scalar_one() / MIB, 1)
    folder = Path(tempfile.mkdtemp(prefix="aml-sizes-"))
    try:
        began = perf_counter()
        exported = export_record(postgres, folder, lambda _step, _part: None)
        row["export_seconds"] = round(perf_counter() - began, 1)
        row["files_mib"] = round(sum(part.bytes for part in exported.manifest.parts) / MIB, 1)
    finally:
        shutil.rmtree(folder)
    runs = {}
    for engine in engines:
        with postgres.transaction() as connection:
            connection.execute(_FORGET_RESULTS)
        found = _score_once(engine)
        steps = found["steps"]
        row[f"{engine}_seconds"] = round(sum(step["wall"] for step in steps.values()), 3)
        row[f"{engine}_tracing_seconds"] = round(sum(steps[name]["wall"] for name in TRACING), 3)
        row[f"{engine}_mib"] = round(found["peak_tree_bytes"] / MIB)
        if ledger.transfers <= COMPARED_UP_TO:
            runs[engine] = _results(postgres)
        with postgres.transaction() as connection:
            row["results_mib"] = round(connection.execute(_RESULT_BYTES).scalar_one() / MIB, 1)
    if len(runs) > 1:
        row |= _compared(*runs.values())
    return row


def _score_once(engine: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.score_once", engine]
    done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _results(postgres: Postgres) -> dict[str, dict[Any, tuple[Any, ...]]]:
    """What a run stored: shares by wallet, asset and direction; points, level, rules and flags by wallet."""
    with postgres.transaction() as connection:
        exposures = connection.execute(_EXPOSURES).all()
        scores = connection.execute(_SCORES).all()
    return {
        "exposures": {tuple(row[:3]): tuple(row[3:]) for row in exposures},
        "scores": {row[0]: tuple(row[1:]) for row in scores},
    }


def _compared(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """How two engines' results differ."""
    largest, cells, points, judged = 0.0, 0, 0, 0
    for key, (of_cells, shares) in one["exposures"].items():
        other_cells, other_shares = other["exposures"].get(key, ((), ()))
        if of_cells != other_cells:
            cells += 1
        else:
            largest = max(largest, *(abs(a - b) for a, b in zip(shares, other_shares, strict=True)))
    for key, (of_points, *level) in one["scores"].items():
        other_points, *other_level = other["scores"].get(key, ((),))
        judged += level != other_level
        points += sum(a != b for a, b in zip(of_points, other_points, strict=False))
    return {
        "largest_difference_of_a_share": largest,
        "rows_of_other_cells": cells + len(one["exposures"].keys() ^ other["exposures"].keys()),
        "points_that_differ": points,
        "levels_rules_or_flags_that_differ": judged,
    }


def _exponent(rows: list[dict[str, Any]], name: str) -> float | None:
    """How time grows with size, from the first to the last: 1 is in proportion."""
    first, last = rows[0], rows[-1]
    if first is last:
        return None
    return round(log(last[name] / first[name]) / log(last["transfers"] / first["transfers"]), 2)


_FORGET_RESULTS = text("TRUNCATE exposures, risk_scores")
_RECORD_BYTES = text("""
    SELECT sum(pg_total_relation_size(name::regclass))::bigint
    FROM unnest(ARRAY['transactions', 'flows', 'pools', 'wallets', 'assets', 'batches', 'labels']) AS name
""")
_RESULT_BYTES = text("SELECT pg_total_relation_size('exposures') + pg_total_relation_size('risk_scores')")
_EXPOSURES = text("""
    SELECT wallet_id, asset_id, direction, cells, shares FROM exposures WHERE until_run_id IS NULL
""")
_SCORES = text("""
    SELECT wallet_id, points, risk_level, rules, flags FROM risk_scores WHERE until_run_id IS NULL
""")
