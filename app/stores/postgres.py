"""The only door to the record: connections, transactions, bounded retries, COPY. Nothing else commits."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import IntEnum
from itertools import islice
from typing import Any, TypeVar

import stamina
from psycopg2 import errorcodes
from pydantic import SecretStr
from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from app.errors import DependencyMissing, InvalidInput

T = TypeVar("T")


class Lock(IntEnum):
    """Advisory locks of the record: the whole list, so that no two things share a key."""

    MIGRATION = 0x414D4C01  # processes that start together migrate one after the other
    INGEST = 0x414D4C02  # batches hold it shared; a run takes it alone for the moment of its snapshot
    PROJECTION = 0x414D4C03  # one writer into the graph at a time
    REBUILD = 0x414D4C04  # one rebuild of the graph at a time
    RUN = 0x414D4C05  # one scoring run at a time
    RECONCILE = 0x414D4C06  # one comparison of record and graph at a time


RETRYABLE = {
    errorcodes.DEADLOCK_DETECTED,  # two consumers met the same new wallets in another order
    errorcodes.SERIALIZATION_FAILURE,  # the snapshot was overtaken; a new one will do
    errorcodes.LOCK_NOT_AVAILABLE,  # lock_timeout: somebody else was slow, not wrong
    errorcodes.ADMIN_SHUTDOWN,  # the server is restarting
    errorcodes.CRASH_SHUTDOWN,  # another backend died and the server recovers
    errorcodes.CANNOT_CONNECT_NOW,  # the server is still starting
}


class Postgres:
    """One process's door to the record."""

    def __init__(
        self, url: str | SecretStr, *, pool_size: int = 5, statement_timeout_seconds: int = 0
    ) -> None:
        raw = url.get_secret_value() if isinstance(url, SecretStr) else url
        try:
            self.url: URL = make_url(raw).set(drivername="postgresql+psycopg2")
        except ArgumentError as exc:
            raise InvalidInput(
                "AML_POSTGRES_URL is not like postgresql://user:password@host:5432/aml."
            ) from exc
        options = f"-c timezone=UTC -c lock_timeout=30s -c statement_timeout={statement_timeout_seconds}s"
        self._engine = create_engine(
            self.url,
            pool_size=pool_size,
            pool_pre_ping=True,
            connect_args={"options": options, "connect_timeout": 5, "application_name": "aml"},
        )

    def close(self) -> None:
        """Closes every connection of the pool."""
        self._engine.dispose()

    @contextmanager
    def transaction(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, rolled back on any error.

        Args:
            snapshot: every statement sees the same moment (REPEATABLE READ).

        Raises:
            DependencyMissing: the server does not answer.
        """
        with self._connection() as connection:
            if snapshot:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
            with connection.begin():
                yield connection

    def run(self, work: Callable[[Connection], T], *, attempts: int = 5) -> T:
        """Runs `work` in one transaction; again from its start, bounded, on a retryable error."""
        for attempt in stamina.retry_context(
            on=_is_retryable, attempts=attempts, timeout=None, wait_initial=0.1, wait_max=5.0
        ):
            with attempt, self.transaction() as connection:
                return work(connection)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def ping(self) -> None:
        """Asks the server for an answer.

        Raises:
            DependencyMissing: it gives none.
        """
        with self.transaction() as connection:
            connection.execute(text("SELECT 1"))

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            connection = self._engine.connect()
        except OperationalError as exc:
            where = f"{self.url.host}:{self.url.port}"
            raise DependencyMissing(
                f"PostgreSQL at {where} does not answer. Start it (`aml up`) or set AML_POSTGRES_URL."
            ) from exc
        with connection:
            yield connection


def _is_retryable(exc: Exception) -> bool:
    if isinstance(exc, DependencyMissing):
        return True
    if not isinstance(exc, DBAPIError):
        return False
    return exc.connection_invalidated or getattr(exc.orig, "pgcode", None) in RETRYABLE


_COPY_LINES = 1_000


def copy_rows(
    connection: Connection, table: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]
) -> None:
    """Writes rows by COPY, many times faster than INSERT.

    Args:
        connection: an open transaction.
        table: a table's name from the code, never from input.
        columns: its columns, in the order of each row's values.
        rows: values that are None, bool, int, float, Decimal, str, datetime or lists of those.
    """
    copy_lines(connection, table, columns, ("\t".join(map(_copy_field, row)) for row in rows))


def copy_lines(connection: Connection, table: str, columns: Iterable[str], lines: Iterable[str]) -> None:
    r"""As `copy_rows`, from lines in COPY's text format: fields between tabs, \N for null, no line ends.

    For the rows of every transfer, whose fields need no escapes: a line is then one f-string.
    """
    rest = iter(lines)
    some = iter(lambda: list(islice(rest, _COPY_LINES)), [])
    copy_texts(connection, table, columns, ("\n".join(of_text) + "\n" for of_text in some))


def copy_texts(connection: Connection, table: str, columns: Iterable[str], texts: Iterable[str]) -> None:
    """As `copy_lines`, from texts of many whole lines; the server takes one in while the next is made."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - a connection in a transaction has its driver's connection
    with driver.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", _Texts(texts))


class _Texts:
    """The file that COPY reads: text after text, whole, whatever size it asks for."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(texts)

    def read(self, _size: int) -> bytes:
        return next((text.encode() for text in self._texts if text), b"")


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_field(value: Any) -> str:  # noqa: ANN401 - one column of any type
    kind = type(value)
    if kind is str:
        return str(value).translate(_ESCAPES)
    if value is None:
        return "\\N"
    if kind is int:
        return str(value)
    if kind is list:
        return "{" + ",".join(_array_item(item) for item in value) + "}"
    if kind is bool:
        return "t" if value else "f"
    if kind is float:
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _array_item(item: Any) -> str:  # noqa: ANN401 - one element of any type
    if type(item) is str:
        quoted = item.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'.translate(_ESCAPES)
    return _copy_field(item)
