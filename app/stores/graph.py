"""The only code that uses Neo4j's driver: managed transactions, bounded retries, time limits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from threading import Condition, Lock
from typing import Any, Self, TypeVar

import neo4j
from neo4j.exceptions import (
    AuthError,
    ConstraintError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
)
from pydantic import SecretStr

from app.errors import DependencyMissing, DiskFull, QueryTimeout, Unequal
from app.stores.in_time import in_time
from app.stores.limits import CLIENT_SECONDS, LIMITS, Limits, Work
from app.tracing import asked_in_trace
from cypher import Query, query

T = TypeVar("T")

IDLE_SECONDS = 1.0
"""A reader checks a connection that has been idle for longer: it tries nothing a second time."""
CLOSE_SECONDS = 2.0
SCHEMA_SECONDS = 600.0
"""Limit of a query that manages its own transactions, such as the building of indexes."""
TIMEOUT_CODES = {
    "Neo.ClientError.Transaction.TransactionTimedOut",
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
}

AWAY_CODES = {
    "Neo.ClientError.Security.AuthenticationRateLimit",  # others have sent too many wrong passwords
    "Neo.ClientError.Database.DatabaseNotFound",  # it is not there, or it is being made
}
"""Errors of the client, by name, that the server's state is the cause of."""


class Graph:
    """The connections of one process to the graph. The driver retries transient errors of transactions."""

    def __init__(
        self,
        url: str,
        user: str,
        password: SecretStr,
        work: Work = Work.BULK,
        *,
        retry_seconds: float | None = None,
    ) -> None:
        self.url = url
        self._drivers = _Drivers(url, user, password, retry_seconds)
        self.work = work

    def during(self, work: Work) -> Self:
        """The same graph under the limits of another kind of work; `close` closes both."""
        other = copy(self)
        other.work = work
        return other

    def close(self) -> None:
        """Closes every connection."""
        self._drivers.close()

    @property
    def _limits(self) -> Limits:
        return LIMITS[self.work]

    def _session(self, **options: Any) -> neo4j.Session:  # noqa: ANN401 - the driver's own
        return self._drivers.of(self.work).session(database="neo4j", **options)

    def ping(self) -> None:
        """Checks that the database answers a query that reads a node; nothing is tried again.

        Raises:
            DependencyMissing: it does not.
        """
        ping = neo4j.Query(query("state/ping").text, timeout=self._limits.query)

        def work() -> None:
            with self._session() as session:
                session.run(ping).consume()

        with self._translated():
            self._in_time(self._limits.query, work)

    def read(
        self,
        query: Query,
        parameters: Mapping[str, Any] | None = None,
        *,
        timeout_seconds: float | None = None,
    ) -> list[dict[str, Any]]:
        """All rows of a reading query, as dictionaries.

        Raises:
            QueryTimeout: the query took longer than `timeout_seconds`, or than its work may.
            DependencyMissing: the server does not answer.
        """
        return [record.data() for record in self._read(query, parameters, timeout_seconds)]

    def read_graph(
        self, query: Query, parameters: Mapping[str, Any], *, timeout_seconds: float
    ) -> list[dict[str, Any]]:
        """As `read`, with nodes, relationships and paths as the driver's objects with their properties."""
        return [dict(record) for record in self._read(query, parameters, timeout_seconds)]

    def write(self, steps: Sequence[tuple[Query, Mapping[str, Any]]]) -> list[list[dict[str, Any]]]:
        """Runs writing queries in order in one transaction; returns the rows of each."""
        checked = [(query.text, _checked(query, parameters)) for query, parameters in steps]

        @neo4j.unit_of_work(timeout=self._limits.query)
        def work(transaction: neo4j.ManagedTransaction) -> list[list[dict[str, Any]]]:
            return [[record.data() for record in transaction.run(q, p)] for q, p in checked]

        with self._translated(), self._session() as session:
            return session.execute_write(work)

    def run(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Runs a query that manages its own transactions (schema, `CALL … IN TRANSACTIONS`, EXPLAIN)."""
        values = _checked(query, parameters)
        with self._translated(), self._session() as session:
            return [
                record.data()
                for record in session.run(neo4j.Query(query.text, timeout=SCHEMA_SECONDS), values)
            ]

    def stream(
        self, query: Query, parameters: Mapping[str, Any] | None = None, *, fetch_size: int = 5_000
    ) -> Iterator[neo4j.Record]:
        """Yields the rows of a reading query, fetched in pages, for results larger than memory."""
        values = _checked(query, parameters)
        limited = neo4j.Query(query.text, timeout=self._limits.query)
        with self._translated(), self._session(fetch_size=fetch_size) as session:
            yield from session.run(limited, values)

    def plan(self, query: Query) -> neo4j.ResultSummary:
        """EXPLAINs a query without running it; the summary holds the plan."""
        with self._translated(), self._session() as session:
            explained = query.text.replace("CYPHER 25", "CYPHER 25 EXPLAIN", 1)
            return session.run(explained, dict.fromkeys(query.params)).consume()

    def _read(
        self, query: Query, parameters: Mapping[str, Any] | None, timeout_seconds: float | None
    ) -> list[neo4j.Record]:
        values = _checked(query, parameters)
        seconds = self._limits.query if timeout_seconds is None else timeout_seconds

        @neo4j.unit_of_work(timeout=seconds)
        def rows(transaction: neo4j.ManagedTransaction) -> list[neo4j.Record]:
            return list(transaction.run(query.text, values))

        def work() -> list[neo4j.Record]:
            if self._limits.is_reader:  # it tries nothing twice, and one exchange is enough for one query
                limited = neo4j.Query(query.text, timeout=seconds)
                reading = self._session(default_access_mode=neo4j.READ_ACCESS)
                with asked_in_trace(query.name), reading as session:
                    return list(session.run(limited, values))
            with asked_in_trace(query.name), self._session() as session:
                return session.execute_read(rows)

        with self._translated():
            return self._in_time(seconds, work)

    def _in_time(self, seconds: float, work: Callable[[], T]) -> T:
        """The result of reading work; a reader does not wait for a server that hangs."""
        if not self._limits.is_reader:
            return work()

        def counted() -> T:
            with self._drivers.asked():
                return work()

        return in_time(seconds + CLIENT_SECONDS, counted)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except AuthError as exc:
            raise DependencyMissing(
                f"Neo4j at {self.url} refuses the password. Set AML_NEO4J_USER and AML_NEO4J_PASSWORD."
            ) from exc
        except (ServiceUnavailable, DriverError, TimeoutError) as exc:
            raise DependencyMissing(
                f"Neo4j at {self.url} does not answer. Start it (`aml up`) or set AML_NEO4J_URL."
            ) from exc
        except ConstraintError as exc:
            raise Unequal(
                f"The graph contradicts the record ({exc.message}). `aml reconcile` names the differences."
            ) from exc
        except Neo4jError as exc:
            if is_disk_full(exc):
                raise DiskFull(f"The disk of Neo4j at {self.url} is full: {exc.message}") from exc
            if exc.code in TIMEOUT_CODES:
                raise QueryTimeout("The graph query met its time limit.") from exc
            if exc.code in AWAY_CODES or exc.is_retryable():
                raise DependencyMissing(f"Neo4j at {self.url} cannot answer now: {exc.message}") from exc
            raise


class _Drivers:
    """The drivers of one process, one for each kind of work, made when they are first needed."""

    def __init__(self, url: str, user: str, password: SecretStr, retry_seconds: float | None) -> None:
        self._url = url
        self._auth = (user, password.get_secret_value())
        self._retry_seconds = retry_seconds
        self._lock = Lock()
        self._drivers: dict[Work, neo4j.Driver] = {}
        self._changed = Condition()
        self._asking = 0

    def of(self, work: Work) -> neo4j.Driver:
        """The driver of this kind of work; it connects when it is asked."""
        with self._lock:
            if work not in self._drivers:
                limits = LIMITS[work]
                retry = limits.retry if self._retry_seconds is None else self._retry_seconds
                self._drivers[work] = neo4j.GraphDatabase.driver(
                    self._url,
                    auth=self._auth,
                    connection_timeout=limits.bolt_connect,
                    connection_acquisition_timeout=limits.bolt_pool,
                    max_transaction_retry_time=retry,
                    liveness_check_timeout=IDLE_SECONDS if limits.is_reader else None,
                    keep_alive=True,
                    notifications_min_severity="OFF",
                    telemetry_disabled=True,
                )
            return self._drivers[work]

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Inside the block a thread asks that nobody may be waiting for."""
        with self._changed:
            self._asking += 1
        try:
            yield
        finally:
            with self._changed:
                self._asking -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Closes every connection; those who still ask are waited for, for a moment."""
        with self._changed:
            self._changed.wait_for(lambda: not self._asking, CLOSE_SECONDS)
        with self._lock:
            for driver in self._drivers.values():
                driver.close()


def is_disk_full(exc: Neo4jError) -> bool:
    """Whether Neo4j says that it has no space to write to."""
    return "no space left" in f"{exc.message} {exc.__cause__}".lower()


def _checked(query: Query, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    values = dict(parameters or {})
    if values.keys() != query.params:
        raise TypeError(f"{query.name} takes {sorted(query.params)}, not {sorted(values)}")
    return values


def is_graph_error(exc: BaseException) -> bool:
    """Whether Neo4j or its driver says so itself, in words that nobody foresaw."""
    return isinstance(exc, Neo4jError | DriverError)
