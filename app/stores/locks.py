"""The record's advisory locks, all of them, and how they are taken (docs/concurrency.md).

Each belongs to a transaction: the server releases it at the end of the transaction, also when the process
that holds it dies.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum, unique

from sqlalchemy import Connection, text

from app.errors import InUse
from app.stores.postgres import Postgres


@unique
class Lock(IntEnum):
    """Keys of the advisory locks; each key is used once."""

    MIGRATION = 0x414D4C01  # processes that start together migrate one after the other
    INGEST = 0x414D4C02  # each batch holds it shared; a run holds it alone while it opens its snapshot
    PROJECTION = 0x414D4C03  # one writer of transfers and wallets into the graph at a time
    REBUILD = 0x414D4C04  # one rebuild of the graph at a time
    RUN = 0x414D4C05  # one scoring run at a time
    RECONCILE = 0x414D4C06  # one comparison of record and graph at a time
    OFFSETS = 0x414D4C07  # one consumer at a time compares Kafka's offsets with the record's
    LEVELS = 0x414D4C09  # one writer of the published run's levels into the graph at a time
    WITHDRAWAL = 0x414D4C08  # one process at a time withdraws what an undone import said


def acquire(connection: Connection, lock: Lock) -> None:
    """Takes the lock until the transaction ends; waits for it up to the connection's `lock_timeout`."""
    connection.execute(_ACQUIRE, {"key": lock})


def acquire_shared(connection: Connection, lock: Lock) -> None:
    """As `acquire`, together with others that take it shared; `acquire` and this exclude each other."""
    connection.execute(_ACQUIRE_SHARED, {"key": lock})


def try_acquire(connection: Connection, lock: Lock) -> bool:
    """Takes the lock until the transaction ends, if it is free; says whether it was."""
    return bool(connection.execute(_TRY_ACQUIRE, {"key": lock}).scalar_one())


@contextmanager
def exclusive(postgres: Postgres, lock: Lock, refusal: str) -> Iterator[None]:
    """Holds the lock inside the block, in a transaction of its own.

    Raises:
        InUse: another process holds it; `refusal` is the message.
    """
    with postgres.transaction() as connection:
        if not try_acquire(connection, lock):
            raise InUse(refusal)
        yield


_ACQUIRE = text("SELECT pg_advisory_xact_lock(:key)")
_ACQUIRE_SHARED = text("SELECT pg_advisory_xact_lock_shared(:key)")
_TRY_ACQUIRE = text("SELECT pg_try_advisory_xact_lock(:key)")
