"""What `auto` chooses and how long a run then takes, beside a run of the ledger engine; all of it is warm.

Random ledgers have many paths, a real hack and a small story few.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, NamedTuple

import structlog
from sqlalchemy import text

from app.domain import Transfer
from app.errors import NotFound
from app.labels.readers.label_csv import read_csv as read_labels
from app.labels.store import LabelRow, import_labels
from app.policy.policy import Policy, load_policy
from app.projection.pending import project_all_pending
from app.projection.schema import prepare, wipe
from app.record.identity import record_id
from app.runs.compute import EngineChoice
from app.runs.run import run_scoring
from bench.machine import machine
from bench.stores import Stores, address, stores, transfer, write
from bench.targets import Target
from ingest.files.transfer_csv import read_csv as read_transfers
from ingest.simulator.simulate import simulate

TIMES, SECONDS = 2, 2.0
"""A run by `auto` takes at most TIMES the ledger engine's plus SECONDS."""
STORIES = ((1, 1_500), (101, 20_000), (102, 20_000), (103, 20_000))
"""Seed and number of transfers of each simulated story."""

_ROUNDS = 3

log = structlog.get_logger()


class Workload(NamedTuple):
    """Transfers and labels, and what makes them."""

    name: str
    make: Callable[[], tuple[Iterable[Transfer], list[LabelRow]]]


def run(
    hack: Path | None = None,
    *,
    stories: Sequence[tuple[int, int]] = STORIES,
    wallets: Sequence[int] = (60, 200),
    transfers: int = 4_000,
) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary.

    Args:
        hack: a folder with `transfers.csv` and `labels.csv`, measured first.
        stories: seed and number of transfers of each simulated story.
        wallets: number of wallets of each random ledger.
        transfers: how many transfers a random ledger has.

    Raises:
        NotFound: the folder has no such files.
    """
    if hack is not None and not (hack / "transfers.csv").is_file():
        raise NotFound(f"{hack} has no transfers.csv.")
    workloads = [Workload(f"story of {n:,}, seed {seed}", _story(seed, n)) for seed, n in stories]
    workloads += [Workload(f"random, {n} wallets", _random(n, transfers)) for n in wallets]
    if hack is not None:
        workloads.insert(0, Workload(f"hack {hack.name}", lambda: _hack(hack)))
    with stores() as opened:
        policy = load_policy(opened.settings.policy_file)
        _warm_up(opened, policy)
        rows = [_measured(opened, policy, workload) for workload in workloads]
    return {
        "command": "aml bench auto" + (f" --hack {hack}" if hack else ""),
        "machine": machine(),
        "what": f"seconds of a whole run: the first by auto, and medians of {_ROUNDS}, in one process",
        "rows": rows,
        "targets": [_target(row).shown() for row in rows],
    }


def _target(row: dict[str, Any]) -> Target:
    allowed = round(TIMES * row["ledger_seconds"] + SECONDS, 2)
    slowest = max(row["auto_first_seconds"], row["auto_seconds"])
    return Target(f"{row['ledger']}: seconds of auto", allowed, slowest)


def _measured(opened: Stores, policy: Policy, workload: Workload) -> dict[str, Any]:
    transfers = _fill(opened, policy, workload)
    _seconds(opened, policy, "ledger")
    ledger = sorted(_seconds(opened, policy, "ledger") for _ in range(_ROUNDS))[_ROUNDS // 2]
    first = _seconds(opened, policy, "auto")
    auto = sorted(_seconds(opened, policy, "auto") for _ in range(_ROUNDS))[_ROUNDS // 2]
    with opened.postgres.transaction() as connection:
        chosen = connection.execute(_LAST).one()
    row = {
        "ledger": workload.name,
        "transfers": transfers,
        "engine": chosen.engine,
        "reason": chosen.engine_reason,
        "ledger_seconds": round(ledger, 2),
        "auto_first_seconds": round(first, 2),
        "auto_seconds": round(auto, 2),
    }
    log.info("measured", **row)
    return row


def _seconds(opened: Stores, policy: Policy, engine: EngineChoice) -> float:
    began = perf_counter()
    run_scoring(opened.postgres, opened.graph, policy, engine=engine)
    return perf_counter() - began


def _warm_up(opened: Stores, policy: Policy) -> None:
    """A cold Neo4j plans and compiles its queries for many seconds; servers that have run do not."""
    _fill(opened, policy, Workload("warm-up", _story(9, 1_500)))
    engines: tuple[EngineChoice, ...] = ("ledger", "cypher", "cypher", "cypher")
    for engine in engines:
        _seconds(opened, policy, engine)


def _fill(opened: Stores, policy: Policy, workload: Workload) -> int:
    with opened.postgres.transaction() as connection:
        connection.execute(_CLEAR)
    wipe(opened.graph)
    prepare(opened.graph, opened.postgres.run(record_id))
    transfers, labels = workload.make()
    recorded = list(transfers)
    write(opened.postgres, recorded)
    import_labels(opened.postgres, labels, policy.categories)
    project_all_pending(opened.postgres, opened.graph)
    with opened.postgres.transaction() as connection:
        connection.execute(text("ANALYZE"))
    return len(recorded)


def _hack(folder: Path) -> tuple[Iterable[Transfer], list[LabelRow]]:
    return read_transfers(folder / "transfers.csv"), list(read_labels(folder / "labels.csv"))


def _story(seed: int, transfers: int) -> Callable[[], tuple[Iterable[Transfer], list[LabelRow]]]:
    def make() -> tuple[Iterable[Transfer], list[LabelRow]]:
        story = simulate(seed, wallets=max(300, transfers // 10), transfers=transfers)
        labels = [
            LabelRow(one.chain, one.address, one.category, one.name, "bench", 90, None, None, "bench")
            for one in story.labels
        ]
        return story.transfers, labels

    return make


def _random(wallets: int, transfers: int) -> Callable[[], tuple[Iterable[Transfer], list[LabelRow]]]:
    def make() -> tuple[Iterable[Transfer], list[LabelRow]]:
        chance = Random(wallets)  # noqa: S311 - a workload, not a secret
        ledger = [
            transfer(n, sender, receiver, chance.randrange(1, 10**18), usd=5)
            for n in range(1, transfers + 1)
            for sender, receiver in (chance.sample(range(1, wallets + 1), 2),)
        ]
        labels = [
            LabelRow("ethereum", address(n), category, category, "bench", 90, None, None, "bench")
            for n, category in ((1, "mixer"), (2, "exchange"))
        ]
        return ledger, labels

    return make


_CLEAR = text(
    "TRUNCATE transactions, flows, pools, wallets, assets, batches, labels, exposures, risk_scores"
    " RESTART IDENTITY"
)
_LAST = text("SELECT engine, engine_reason FROM scoring_runs ORDER BY run_id DESC LIMIT 1")
