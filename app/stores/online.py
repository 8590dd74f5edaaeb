"""Changes of large tables that stop nobody, for migrations (docs/upgrade.md).

A statement that locks a table waits behind whoever reads it, and everybody else behind the statement: it
waits a second at most, lets the others pass, and tries again. An index is built concurrently, outside a
transaction. So a revision that uses these can end halfway: what it does must be repeatable (`IF NOT EXISTS`).

In a transaction of the caller's (tests, a downgrade) indexes are built inside it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

import structlog
from psycopg2 import errorcodes
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from alembic import op

log = structlog.get_logger()

LOCK_SECONDS = 1
ATTEMPTS = 120
INDEX_ATTEMPTS = 3


def alter_briefly(statement: str) -> None:
    """Runs a statement that locks a table for a moment, as a transaction of its own.

    Raises:
        DBAPIError: the lock was not free in any attempt, or the statement failed.
    """
    with _outside_a_transaction() as concurrently:
        if not concurrently:
            op.execute(statement)
            return
        op.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        try:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    op.execute(statement)
                except DBAPIError as exc:
                    if (
                        getattr(exc.orig, "pgcode", None) != errorcodes.LOCK_NOT_AVAILABLE
                        or attempt == ATTEMPTS
                    ):
                        raise
                    log.info("migration_waits_for_a_lock", statement=statement, attempt=attempt)
                    sleep(LOCK_SECONDS)
                else:
                    return
        finally:
            op.execute("RESET lock_timeout")


def build_index(name: str, definition: str) -> None:
    """Builds an index while the table is read and written; one that an attempt left invalid is built anew.

    Args:
        name: of the index.
        definition: `INDEX {name} ON ...` or `UNIQUE INDEX {name} ON ...`.

    Raises:
        DBAPIError: it could not be built, for example because rows are not unique.
    """
    with _outside_a_transaction() as concurrently:
        for attempt in range(1, INDEX_ATTEMPTS + 1):
            if _is_valid(name):
                return
            op.execute(f"DROP INDEX {concurrently} IF EXISTS {name}")
            what, _, rest = definition.format(name=name).partition("INDEX ")
            try:
                op.execute(f"CREATE {what}INDEX {concurrently} {rest}")
            except DBAPIError as exc:
                is_last = not concurrently or attempt == INDEX_ATTEMPTS
                if is_last or getattr(exc.orig, "pgcode", None) not in _TRANSIENT:
                    raise
                log.info("migration_builds_an_index_again", index=name, attempt=attempt)


def remove_index(name: str) -> None:
    """Removes an index while the table is read and written."""
    with _outside_a_transaction() as concurrently:
        op.execute(f"DROP INDEX {concurrently} IF EXISTS {name}")


def update_in_chunks(statement: str, table: str, key: str, rows: int = 100_000) -> None:
    """Runs an UPDATE over ranges of a key, each range a transaction of its own, so that nobody waits long.

    Args:
        statement: it has `:first` and `:last`, the bounds of the range; running it again changes nothing.
        table: the table; a name of the code, never input.
        key: its ascending integer key.
        rows: the width of a range.
    """
    with _outside_a_transaction():
        connection = op.get_bind()
        first, last = connection.execute(text(f"SELECT min({key}), max({key}) FROM {table}")).one()  # noqa: S608
        for begin in range(first or 0, (last or -1) + 1, rows):
            connection.execute(text(statement), {"first": begin, "last": begin + rows - 1})


@contextmanager
def _outside_a_transaction() -> Iterator[str]:
    """Yields the word for doing it concurrently, empty in a transaction that is the caller's."""
    context = op.get_context()
    if context.config is None or not context.config.attributes.get("online"):
        yield ""
        return
    with context.autocommit_block():
        yield "CONCURRENTLY"


def _is_valid(name: str) -> bool:
    query = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    return bool(op.get_bind().execute(query, {"name": name}).scalar())


_TRANSIENT = {errorcodes.DEADLOCK_DETECTED, errorcodes.LOCK_NOT_AVAILABLE}
