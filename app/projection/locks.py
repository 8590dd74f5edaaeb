"""Locks of the record that guard the graph: who may write into it, and who may rebuild it.

docs/concurrency.md lists all locks, who takes them and in which order.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, text

from app.stores.locks import Lock, acquire, exclusive, try_acquire
from app.stores.postgres import Postgres, limit_wait

LOCK_SECONDS = 300
"""Longer than any page of a rebuild or range of a comparison takes, while several wait."""


@contextmanager
def projection_lock(postgres: Postgres) -> Iterator[Connection]:
    """A transaction that holds the projection lock; waits for the lock for five minutes at most.

    PostgreSQL ends the transaction after a minute without a statement: a frozen consumer does not keep the
    others from the graph. A writer that has lost its lock may still write; its older revision is ignored.
    """
    with postgres.transaction() as connection:
        connection.execute(_LIMIT_IDLE_TIME)
        limit_wait(connection, LOCK_SECONDS)
        acquire(connection, Lock.PROJECTION)
        yield connection


@contextmanager
def try_projection_lock(postgres: Postgres) -> Iterator[Connection | None]:
    """As `projection_lock`, but yields None at once when another process holds the lock."""
    with postgres.transaction() as connection:
        connection.execute(_LIMIT_IDLE_TIME)
        yield connection if try_acquire(connection, Lock.PROJECTION) else None


def rebuild_lock(postgres: Postgres) -> AbstractContextManager[None]:
    """Holds the rebuild lock inside the block.

    Raises:
        InUse: another rebuild holds it.
    """
    return exclusive(
        postgres, Lock.REBUILD, "The graph is being rebuilt already. Wait until that rebuild has finished."
    )


_LIMIT_IDLE_TIME = text("SET LOCAL idle_in_transaction_session_timeout = '60s'")
