"""The only code that uses Neo4j's driver: managed transactions, bounded retries, time limits."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import neo4j
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConstraintError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
)
from pydantic import SecretStr

from app.errors import DependencyMissing, QueryTimeout, Unequal
from app.tracing import asked_in_trace
from cypher import Query, query

READ_SECONDS = 60.0
PING_SECONDS = 1.5
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

    def __init__(self, url: str, user: str, password: SecretStr, *, retry_seconds: float = 30.0) -> None:
        self.url = url
        self._driver = neo4j.GraphDatabase.driver(
            url,
            auth=(user, password.get_secret_value()),
            connection_timeout=5.0,
            connection_acquisition_timeout=15.0,
            max_transaction_retry_time=retry_seconds,
            keep_alive=True,
            notifications_min_severity="OFF",
            telemetry_disabled=True,
        )

    def close(self) -> None:
        """Closes the driver's connections."""
        self._driver.close()

    def ping(self) -> None:
        """Checks that the database answers a query that reads a node; nothing is tried again.

        Raises:
            DependencyMissing: it does not.
        """
        ping = neo4j.Query(query("state/ping").text, timeout=PING_SECONDS)
        with self._translated(), self._driver.session(database="neo4j") as session:
            session.run(ping).consume()

    def read(
        self,
        query: Query,
        parameters: Mapping[str, Any] | None = None,
        *,
        timeout_seconds: float = READ_SECONDS,
    ) -> list[dict[str, Any]]:
        """All rows of a reading query, as dictionaries.

        Raises:
            QueryTimeout: the query took longer than `timeout_seconds`.
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

        def work(transaction: neo4j.ManagedTransaction) -> list[list[dict[str, Any]]]:
            return [[record.data() for record in transaction.run(q, p)] for q, p in checked]

        with self._translated(), self._driver.session(database="neo4j") as session:
            return session.execute_write(work)

    def run(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Runs a query that manages its own transactions (schema, `CALL … IN TRANSACTIONS`, EXPLAIN)."""
        values = _checked(query, parameters)
        with self._translated(), self._driver.session(database="neo4j") as session:
            return [record.data() for record in session.run(query.text, values)]

    def stream(
        self, query: Query, parameters: Mapping[str, Any] | None = None, *, fetch_size: int = 5_000
    ) -> Iterator[neo4j.Record]:
        """Yields the rows of a reading query, fetched in pages, for results larger than memory."""
        values = _checked(query, parameters)
        with self._translated(), self._driver.session(database="neo4j", fetch_size=fetch_size) as session:
            yield from session.run(query.text, values)

    def plan(self, query: Query) -> neo4j.ResultSummary:
        """EXPLAINs a query without running it; the summary holds the plan."""
        with self._translated(), self._driver.session(database="neo4j") as session:
            explained = query.text.replace("CYPHER 25", "CYPHER 25 EXPLAIN", 1)
            return session.run(explained, dict.fromkeys(query.params)).consume()

    def _read(
        self, query: Query, parameters: Mapping[str, Any] | None, timeout_seconds: float
    ) -> list[neo4j.Record]:
        values = _checked(query, parameters)

        @neo4j.unit_of_work(timeout=timeout_seconds)
        def work(transaction: neo4j.ManagedTransaction) -> list[neo4j.Record]:
            return list(transaction.run(query.text, values))

        with (
            self._translated(),
            asked_in_trace(query.name),
            self._driver.session(database="neo4j") as session,
        ):
            return session.execute_read(work)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except AuthError as exc:
            raise DependencyMissing(
                f"Neo4j at {self.url} refuses the password. Set AML_NEO4J_USER and AML_NEO4J_PASSWORD."
            ) from exc
        except (ServiceUnavailable, DriverError) as exc:
            raise DependencyMissing(
                f"Neo4j at {self.url} does not answer. Start it (`aml up`) or set AML_NEO4J_URL."
            ) from exc
        except ConstraintError as exc:
            raise Unequal(
                f"The graph contradicts the record ({exc.message}). `aml reconcile` names the differences."
            ) from exc
        except ClientError as exc:
            if exc.code in TIMEOUT_CODES:
                raise QueryTimeout("The graph query met its time limit.") from exc
            if exc.code in AWAY_CODES:
                raise DependencyMissing(f"Neo4j at {self.url} cannot answer now: {exc.message}") from exc
            raise
        except Neo4jError as exc:
            if exc.is_retryable():
                raise DependencyMissing(f"Neo4j at {self.url} cannot answer now: {exc.message}") from exc
            raise


def _checked(query: Query, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    values = dict(parameters or {})
    if values.keys() != query.params:
        raise TypeError(f"{query.name} takes {sorted(query.params)}, not {sorted(values)}")
    return values


def is_graph_error(exc: BaseException) -> bool:
    """Whether Neo4j or its driver says so itself, in words that nobody foresaw."""
    return isinstance(exc, Neo4jError | DriverError)
