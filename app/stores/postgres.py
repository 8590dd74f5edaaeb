"""The only code that connects to the record: transactions, bounded retries. Nothing else commits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import stamina
from psycopg2 import errorcodes
from pydantic import SecretStr
from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from app.errors import DependencyMissing, InvalidInput

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

_PING = text("SELECT record_id FROM record")


def _first_line(exc: DBAPIError) -> str:
    return str(exc.orig).strip().splitlines()[0]


def is_retryable(exc: BaseException) -> bool:
    """Whether the server was away, restarted or busy, so that the same work can succeed later."""
    if isinstance(exc, DependencyMissing):
        return True
    if not isinstance(exc, DBAPIError):
        return False
    return exc.connection_invalidated or getattr(exc.orig, "pgcode", None) in RETRYABLE


class Postgres:
    """The connections of one process to the record."""

    def __init__(
        self,
        url: str | SecretStr,
        *,
        pool_size: int = 5,
        statement_timeout_seconds: int = 0,
        lock_timeout_seconds: int = 30,
    ) -> None:
        raw = url.get_secret_value() if isinstance(url, SecretStr) else url
        try:
            self.url: URL = make_url(raw).set(drivername="postgresql+psycopg2")
        except ArgumentError as exc:
            raise InvalidInput(
                "AML_POSTGRES_URL is not like postgresql://user:password@host:5432/aml."
            ) from exc
        options = (
            f"-c timezone=UTC -c lock_timeout={lock_timeout_seconds}s"
            f" -c statement_timeout={statement_timeout_seconds}s"
        )
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
            snapshot: every statement sees the record as it was at the first one (REPEATABLE READ).

        Raises:
            DependencyMissing: the server does not answer.
            InvalidInput: a text has the character NUL, which no text of PostgreSQL can hold.
        """
        with self._connection() as connection:
            if snapshot:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
            try:
                with connection.begin():
                    yield connection
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

    def run(self, work: Callable[[Connection], T], *, attempts: int = 5) -> T:
        """Runs `work` in one transaction, up to `attempts` times from its start on retryable errors."""
        for attempt in stamina.retry_context(
            on=is_retryable, attempts=attempts, timeout=None, wait_initial=0.1, wait_max=5.0
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
                f"PostgreSQL at {self.url.host}:{self.url.port} cannot answer: {_first_line(exc)}."
            ) from exc

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
