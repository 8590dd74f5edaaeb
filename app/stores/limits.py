"""How long a question to a store may take, by kind of work. docs/operations.md has the table."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

CLIENT_SECONDS: Final = 1.0
"""A server ends a statement at its limit; one that has not by so much later does not answer."""
READ_ANSWER_SECONDS: Final = 10.0
"""A request that only reads is answered within this time, with 503 if the stores did not answer."""


class Work(StrEnum):
    """The kinds of work; each process and each operation does one of them at a time."""

    PROBE = "probe"
    READ = "read"
    BATCH = "batch"
    RUN = "run"
    BULK = "bulk"
    MIGRATION = "migration"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, and how many connections a process opens for this kind of work.

    `statement` is of one statement of PostgreSQL, `lock` of waiting for one lock, `check` of asking whether
    a connection that has been idle still answers, `connect` of a new one (2 is the least that libpq takes),
    `pool` of waiting for a connection of the process to become free. `query` is of one transaction of
    Neo4j; `bolt_connect`, `bolt_pool` and `retry` are of its driver. A reader does not wait for a graph
    that hangs: it gives up a second after the limit of its query.
    """

    statement: float
    lock: float
    check: float
    connect: int
    pool: float
    connections: int
    attempts: int
    query: float
    bolt_connect: float
    bolt_pool: float
    retry: float
    is_reader: bool = False


_PROBE: Final = Limits(
    statement=1.5,
    lock=1.0,
    check=1.0,
    connect=2,
    pool=1.0,
    connections=2,
    attempts=1,
    query=1.5,
    bolt_connect=1.0,
    bolt_pool=1.5,
    retry=0.0,
    is_reader=True,
)
_BATCH: Final = Limits(
    statement=240.0,  # Kafka gives the partitions of a consumer to others after 300
    lock=30.0,
    check=5.0,
    connect=5,
    pool=30.0,
    connections=15,
    attempts=5,
    query=60.0,
    bolt_connect=5.0,
    bolt_pool=15.0,
    retry=3.0,
)
LIMITS: Final = {
    Work.PROBE: _PROBE,
    Work.READ: replace(
        _PROBE,
        statement=5.0,
        lock=3.0,
        check=2.0,
        pool=2.0,
        connections=20,
        attempts=2,
        query=5.0,
        bolt_pool=2.0,
    ),
    Work.BATCH: _BATCH,
    Work.RUN: replace(_BATCH, statement=1_800.0),
    Work.BULK: replace(_BATCH, statement=3_600.0, retry=30.0),
    Work.MIGRATION: replace(_BATCH, statement=21_600.0, connections=3, query=600.0, retry=30.0),
}
