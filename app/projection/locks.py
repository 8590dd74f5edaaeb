"""Advisory locks in the record: who may write into the graph, and who may rebuild it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, text

from app.errors import InUse
from app.stores.postgres import Lock, Postgres


@contextmanager
def turn(postgres: Postgres) -> Iterator[Connection]:
    """A transaction in which nobody else writes into the graph; waits for its turn, however long.

    It is lost after a minute without a statement: a consumer that freezes in it would keep the others from
    the graph for ever. What such a one still writes when it wakes is older, and overwrites nothing newer.
    """
    with postgres.transaction() as connection:
        connection.execute(_LIMIT_IDLENESS)
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": Lock.PROJECTION})
        yield connection


@contextmanager
def turn_if_free(postgres: Postgres) -> Iterator[Connection | None]:
    """As `turn`, but None at once when somebody else has the turn."""
    with postgres.transaction() as connection:
        connection.execute(_LIMIT_IDLENESS)
        yield connection if _try(connection, Lock.PROJECTION) else None


@contextmanager
def only(postgres: Postgres, lock: Lock, refusal: str) -> Iterator[None]:
    """Nobody else holds this lock within the block.

    Raises:
        InUse: somebody does; the refusal says so.
    """
    with postgres.transaction() as connection:
        if not _try(connection, lock):
            raise InUse(refusal)
        yield


def only_rebuild(postgres: Postgres) -> AbstractContextManager[None]:
    """No other rebuild runs within this block; `InUse` is raised when one does."""
    refusal = "The graph is being rebuilt already; wait until that rebuild has finished."
    return only(postgres, Lock.REBUILD, refusal)


def _try(connection: Connection, key: int) -> bool:
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}).scalar_one())


_LIMIT_IDLENESS = text("SET LOCAL idle_in_transaction_session_timeout = '60s'")
