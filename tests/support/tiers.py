"""Tiers and distribution: a test's folder says which tier it is of, and who must run in one process."""

from pathlib import Path

import psutil
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).resolve().parents[1]
TOGETHER = ("browser", "containers", "faults")
"""Tiers whose tests share a browser, a stack of containers, servers that are killed: one process for each."""
_WORKER_BYTES = 4 << 30
"""PostgreSQL, Kafka, Neo4j and the tests themselves, with what the system caches for them."""


def tier_of(path: Path) -> str:
    """The folder below `tests` that a test is in."""
    return path.relative_to(TESTS).parts[0]


def workers(*, own_servers: bool) -> int:
    """How many processes run the tests beside each other; 0: one, and no more.

    Each has servers of its own, for Neo4j Community has one database: those that the environment names are
    there once.
    """
    if not own_servers:
        return 0
    by_memory = psutil.virtual_memory().available // _WORKER_BYTES
    count = min(psutil.cpu_count() or 1, by_memory)
    return count if count > 1 else 0


def scope_of(nodeid: str) -> str:
    """What runs in one process: a tier or a file."""
    file = nodeid.partition("::")[0]
    tier = file.split("/")[1]
    return tier if tier in TOGETHER else file


class ByFile(LoadScopeScheduling):
    """Gives each worker whole files in their order, and some tiers whole: fixtures are set up once."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # the long ones come first as it is
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)
