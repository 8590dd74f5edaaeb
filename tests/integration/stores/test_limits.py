"""No call to a store waits for ever: the server ends it at its limit, or this process where it hangs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from time import monotonic

import pytest
from sqlalchemy import Connection, make_url, text

from app.errors import DependencyMissing, StatementTimeout
from app.settings import Settings
from app.stores.copy_reader import read_columns
from app.stores.copy_writer import copy_rows
from app.stores.graph import Graph
from app.stores.limits import CLIENT_SECONDS, LIMITS, Work
from app.stores.postgres import Postgres, is_retryable
from cypher import query
from tests.support.servers.proxy import Proxy

PROBE = LIMITS[Work.PROBE]
LATE_SECONDS = 2.0
"""What a busy machine may add."""


def stream(connection: Connection) -> None:
    rows = connection.execution_options(yield_per=10).execute(text("SELECT * FROM generate_series(1, 100)"))
    assert len(list(rows)) == 100


CALLS: dict[str, Callable[[Connection], object]] = {
    "a statement": lambda connection: connection.execute(text("SELECT 1")),
    "a cursor of the server": stream,
    "COPY from the server": lambda connection: read_columns(
        connection, "SELECT 1::bigint AS one", {"one": "int"}
    ),
    "COPY to the server": lambda connection: copy_rows(connection, "ingestion_state", ["topic"], [["t"]] * 3),
}


@pytest.fixture
def wire(postgres: Postgres) -> Iterator[Proxy]:
    proxy = Proxy(f"postgresql://{postgres.url.host}:{postgres.url.port}")
    yield proxy
    proxy.close()


@pytest.fixture
def far(postgres: Postgres, wire: Proxy) -> Iterator[Postgres]:
    """The record behind a wire that can be held, for short questions."""
    url = make_url(postgres.url).set(host="127.0.0.1", port=wire.port)
    far = Postgres(url.render_as_string(hide_password=False), Work.PROBE)
    far.ping()
    yield far
    far.close()


@pytest.mark.parametrize("call", CALLS)
def test_a_call_to_a_record_that_hangs_ends(far: Postgres, wire: Proxy, call: str) -> None:
    def hang() -> None:
        with far.transaction() as connection:
            connection.execute(text("SELECT 1"))
            with wire.silent():
                CALLS[call](connection)

    started = monotonic()
    with pytest.raises(DependencyMissing, match="does not answer") as raised:
        hang()
    assert is_retryable(raised.value)
    assert monotonic() - started < PROBE.statement + CLIENT_SECONDS + LATE_SECONDS
    far.ping()


def test_a_commit_to_a_record_that_hangs_ends(far: Postgres, wire: Proxy) -> None:
    def hang() -> None:
        with ExitStack() as held, far.transaction() as connection:
            connection.execute(text("SELECT 1"))
            held.enter_context(wire.silent())

    started = monotonic()
    with pytest.raises(DependencyMissing, match="does not answer"):
        hang()
    assert monotonic() - started < PROBE.statement + CLIENT_SECONDS + LATE_SECONDS


def test_a_new_transaction_on_a_record_that_hangs_ends(far: Postgres, wire: Proxy) -> None:
    started = monotonic()
    with wire.silent(), pytest.raises(DependencyMissing, match="does not answer"):
        far.ping()
    assert monotonic() - started < PROBE.check + 2 * PROBE.connect + LATE_SECONDS
    far.ping()


def test_a_statement_that_takes_too_long_is_ended_by_the_server(far: Postgres) -> None:
    started = monotonic()
    with pytest.raises(StatementTimeout, match=r"longer than 1\.5 s") as raised:
        far.run(lambda connection: connection.execute(text("SELECT pg_sleep(60)")))
    assert PROBE.statement <= monotonic() - started < PROBE.statement + LATE_SECONDS
    assert not is_retryable(raised.value)  # it would take as long again
    far.ping()


def test_each_kind_of_work_has_its_own_limit(postgres: Postgres) -> None:
    shown = text(
        "SELECT current_setting('statement_timeout')::interval, current_setting('lock_timeout')::interval"
    )
    for work, limits in LIMITS.items():
        with postgres.during(work).transaction() as connection:
            statement, lock = connection.execute(shown).one()
        assert (statement.total_seconds(), lock.total_seconds()) == (limits.statement, limits.lock)


def test_a_reader_does_not_wait_for_a_graph_that_hangs(settings: Settings, graph: Graph) -> None:
    wire = Proxy(settings.neo4j_url)
    far = Graph(wire.url, settings.neo4j_user, settings.neo4j_password, Work.PROBE)
    try:
        far.ping()
        with wire.silent():
            for ask in (far.ping, lambda: far.read(query("state/counts"))):
                started = monotonic()
                with pytest.raises(DependencyMissing, match="does not answer"):
                    ask()
                assert monotonic() - started < PROBE.query + CLIENT_SECONDS + LATE_SECONDS
    finally:
        far.close()
        wire.close()
    assert graph.during(Work.READ).read(query("state/counts"))
