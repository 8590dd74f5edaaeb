"""The only code that connects to the record: transactions, bounded retries. Nothing else commits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from typing import Self, TypeVar

import psycopg2
import stamina
from psycopg2 import errorcodes
from pydantic import SecretStr
from sqlalchemy import URL, Connection, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.errors import DependencyMissing, DiskFull, InvalidInput, StatementTimeout
from app.stores.engines import Engines
from app.stores.limits import CLIENT_SECONDS, LIMITS, Work

T = TypeVar("T")


RETRYABLE = {
    errorcodes.DEADLOCK_DETECTED,  # two consumers added the same wallets in different orders
    errorcodes.SERIALIZATION_FAILURE,  # a row of the snapshot has changed; a new snapshot sees the change
    errorcodes.LOCK_NOT_AVAILABLE,  # lock_timeout: the holder of the lock is slow
    errorcodes.ADMIN_SHUTDOWN,  # the server is restarting
    errorcodes.CRASH_SHUTDOWN,  # another backend died and the server recovers
    errorcodes.CANNOT_CONNECT_NOW,  # the server is still starting
}
"""Errors after which the same work can succeed in a new transaction, each with its cause."""
_NUL_IN_TEXT = "cannot contain NUL"
"""What psycopg2 says of a parameter, with a ValueError and before it asks the server."""

_NOW = text("SELECT clock_timestamp()")
_PING = text("SELECT record_id FROM record")
_LIMIT_WAIT = text(
    "SELECT set_config('lock_timeout', :lock, true), set_config('statement_timeout', :statement, true)"
)


def _first_line(exc: BaseException | None) -> str:
    return (str(exc).strip().splitlines() or ["no reason"])[0]


def is_retryable(exc: BaseException) -> bool:
    """Whether the server was away, restarted or busy, so that the same work can succeed later."""
    if isinstance(exc, (StatementTimeout, DiskFull)):
        return False
    if isinstance(exc, DependencyMissing):
        return True
    if not isinstance(exc, DBAPIError):
        return False
    return exc.connection_invalidated or getattr(exc.orig, "pgcode", None) in RETRYABLE


def limit_wait(connection: Connection, seconds: int) -> None:
    """Lets the next statements of this transaction wait so long for a lock."""
    connection.execute(_LIMIT_WAIT, {"lock": f"{seconds}s", "statement": f"{seconds + 1}s"})
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - a connection in a transaction has its driver's connection
    driver.limit_seconds = seconds + 1 + CLIENT_SECONDS


def now(connection: Connection) -> datetime:
    """The record's clock at this moment."""
    moment: datetime = connection.execute(_NOW).scalar_one()
    return moment


class Postgres:
    """The connections of one process to the record, for one kind of work."""

    def __init__(
        self, url: str | SecretStr, work: Work = Work.BULK, *, lock_timeout_seconds: float | None = None
    ) -> None:
        raw = url.get_secret_value() if isinstance(url, SecretStr) else url
        try:
            self.url: URL = make_url(raw).set(drivername="postgresql+psycopg2")
        except ArgumentError as exc:
            raise InvalidInput(
                "AML_POSTGRES_URL is not like postgresql://user:password@host:5432/aml."
            ) from exc
        self._engines = Engines(self.url, lock_timeout_seconds)
        self.work = work

    def during(self, work: Work) -> Self:
        """The same record under the limits of another kind of work; `close` closes both."""
        other = copy(self)
        other.work = work
        return other

    def close(self) -> None:
        """Closes every connection."""
        self._engines.close()

    @contextmanager
    def transaction(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, rolled back on any error.

        Args:
            snapshot: every statement sees the record as it was at the first one (REPEATABLE READ).

        Raises:
            DependencyMissing: the server does not answer, is restarted or is busy.
            StatementTimeout: a statement took longer than its work may.
            DiskFull: the server's disk is full.
            InvalidInput: a text has the character NUL, which no text of PostgreSQL can hold.
        """
        with self._connection() as connection:
            if snapshot:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
            try:
                with connection.begin():
                    yield connection
            except (DBAPIError, psycopg2.Error) as exc:
                if (told := self._told(exc)) is not None:
                    raise told from exc
                raise
            except ValueError as exc:
                if _NUL_IN_TEXT in str(exc):
                    raise InvalidInput("A text must not contain the character NUL (code 0).") from exc
                raise

    @contextmanager
    def migrations(self) -> Iterator[Connection]:
        """A connection for Alembic, which begins and ends the transaction of each revision itself.

        Raises:
            DependencyMissing: the server does not answer.
        """
        with self._connection() as connection:
            yield connection

    def run(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` in one transaction, some times from its start on retryable errors."""
        for attempt in stamina.retry_context(
            on=is_retryable,
            attempts=LIMITS[self.work].attempts,
            timeout=None,
            wait_initial=0.1,
            wait_max=5.0,
        ):
            with attempt, self.transaction() as connection:
                return work(connection)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def ping(self) -> None:
        """Checks that the server answers a query that reads a row of the record.

        Raises:
            DependencyMissing: it does not, or the record's tables are not there.
        """
        try:
            with self.transaction() as connection:
                connection.execute(_PING)
        except DBAPIError as exc:
            raise DependencyMissing(
                f"PostgreSQL at {self.url.host}:{self.url.port} cannot answer: {_first_line(exc.orig)}."
            ) from exc

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            connection = self._engines.of(self.work).connect()
        except PoolTimeoutError as exc:
            raise DependencyMissing(
                f"All {LIMITS[self.work].connections} connections of this process to PostgreSQL at"
                f" {self._where} are in use: it is slow, or much is asked. Ask again later."
            ) from exc
        except (OperationalError, psycopg2.OperationalError) as exc:
            if (told := self._told(exc)) is not None and isinstance(told, DiskFull):
                raise told from exc
            raise self._away() from exc
        with connection:
            yield connection

    @property
    def _where(self) -> str:
        return f"{self.url.host}:{self.url.port}"

    def _away(self) -> DependencyMissing:
        return DependencyMissing(
            f"PostgreSQL at {self._where} does not answer. Start it (`aml up`) or set AML_POSTGRES_URL."
        )

    def _told(self, exc: DBAPIError | psycopg2.Error) -> DependencyMissing | None:
        """The sentence of an error that comes from the server's state; None of all others.

        COPY is the driver's own, so its errors come as the driver's.
        """
        cause = exc.orig if isinstance(exc, DBAPIError) else exc
        code = getattr(cause, "pgcode", None)
        if code == errorcodes.DISK_FULL:
            return DiskFull(f"The disk of PostgreSQL at {self._where} is full: {_first_line(cause)}.")
        if code == errorcodes.QUERY_CANCELED and "statement timeout" in str(cause):
            seconds = LIMITS[self.work].statement
            return StatementTimeout(
                f"PostgreSQL at {self._where} took longer than {seconds:g} s for one statement."
            )
        if code in RETRYABLE:
            return DependencyMissing(f"PostgreSQL at {self._where} cannot answer now: {_first_line(cause)}.")
        is_lost = isinstance(cause, (psycopg2.OperationalError, psycopg2.InterfaceError)) and code is None
        if is_lost or (isinstance(exc, DBAPIError) and exc.connection_invalidated):
            return self._away()
        return None
