"""The table of faults: what was tried, how often, and what came of it."""

import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil

INTRODUCTION = """# Faults

Written by `make test-faults` when every trial has passed; do not edit. `tests/faults` runs the consumer
as a process on real servers, feeds it a small story in the worst order (late transfers that restate
others, repeated ones, retractions, transfers that come back after one, clocks that are years off,
messages that break the contract), and lets it or its servers die at a place that `AML_FAULT` names
(`ingest/faults.py`; without that variable nothing can happen). Then it waits until both stores hold all
of it and compares: the record must have the digest of the same events ingested once, in order, into
another database, and the graph must equal the record, range by range and property by property. *Lost*
and *doubled* count transfers that differ in either store.

*Seconds to recover*, for a killed consumer: from its death until the next one, started at once, has
brought a new batch into both stores. A killed consumer's partitions are read by the next one after the
session timeout of the consumer group (here three seconds, `AML_SESSION_TIMEOUT_SECONDS`): that is most of
what is seen. For servers: from the
moment they answer again, for consumers that join, leave, wake or die in turn (the last one): from that
moment, until both stores hold everything that was sent; for a replay: all of it.
"""


@dataclass
class Row:
    """One fault: seconds to recover of every trial, with the sums of lost and doubled transfers."""

    injected: str
    seconds: list[float] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0


@dataclass
class Table:
    """Rows by fault, in the order in which they were first tried."""

    rows: dict[str, Row] = field(default_factory=dict)
    killed: int = 0

    def add(self, fault: str, injected: str, seconds: float, lost: int, doubled: int, *, kills: int) -> None:
        """Notes one trial."""
        row = self.rows.setdefault(fault, Row(injected))
        row.seconds.append(seconds)
        row.lost += lost
        row.doubled += doubled
        self.killed += kills

    def write(self, path: Path, command: str) -> None:
        """Writes the whole document."""
        tried = sum(len(row.seconds) for row in self.rows.values())
        machine = f"{psutil.cpu_count()} processors, {psutil.virtual_memory().total >> 30} GB"
        python = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        lines = [
            INTRODUCTION,
            f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {python}.",
            f"`{command}`: {tried} faults, {self.killed} processes killed.\n",
            "| fault | where injected | tried | lost | doubled | seconds to recover, median | most |",
            "|---|---|---:|---:|---:|---:|---:|",
        ]
        for fault, row in self.rows.items():
            middle, most = median(row.seconds), max(row.seconds)
            lines.append(
                f"| {fault} | {row.injected} | {len(row.seconds)} | {row.lost} | {row.doubled} "
                f"| {middle:.1f} | {most:.1f} |"
            )
        path.write_text("\n".join(lines) + "\n")
