"""Real servers for a whole session, and a clean state for each test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from app.projection.schema import prepare, wipe
from app.settings import Settings
from app.settings import settings as settings_of_the_process
from app.stores.graph import Graph
from app.stores.migrate import migrate
from app.stores.postgres import Postgres
from tests.support.environment import API_TOKEN, environment
from tests.support.paths import SHARED
from tests.support.servers import ASKED, Choice, Servers, choose

CHOICE = pytest.StashKey[Choice]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--servers`."""
    parser.addoption(
        "--servers",
        choices=ASKED,
        default="auto",
        help="Servers of the integration tests: named by AML_TEST_POSTGRES_URL, "
        "AML_TEST_KAFKA_BOOTSTRAP_SERVERS and AML_TEST_NEO4J_URL, containers by testcontainers, or embedded; "
        "`auto` takes the first of these that is there.",
    )
    parser.addoption("--stack", action="store_true", help="Also start the whole stack of containers.")


def pytest_configure(config: pytest.Config) -> None:
    """Chooses the servers, and keeps what the shell says about a running instance away from the tests."""
    config.stash[CHOICE] = choose(config.getoption("--servers"), os.environ)
    for name in ("secrets_dir", "home", *Settings.model_fields):
        os.environ.pop(f"AML_{name.upper()}", None)


def pytest_report_header(config: pytest.Config) -> str:
    """Says which servers the session uses, and why."""
    choice = config.stash[CHOICE]
    return f"servers: {choice.kind} ({choice.reason})"


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """PostgreSQL, Kafka and Neo4j, started once unless they run already."""
    with request.config.stash[CHOICE].start(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


def _administer(url: str, statement: str) -> None:
    whole = make_url(url).set(drivername="postgresql+psycopg2")  # a given address may name no driver
    engine = create_engine(whole, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def template(servers: Servers) -> Iterator[str]:
    """Name of a migrated database that each test's own is copied from."""
    name = f"template_{uuid4().hex}"
    _administer(servers.postgres_url, f"CREATE DATABASE {name}")
    url = make_url(servers.postgres_url).set(database=name)
    postgres = Postgres(url.render_as_string(hide_password=False))
    migrate(postgres)
    postgres.close()
    yield name
    _administer(servers.postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def new_record(servers: Servers, template: str) -> Iterator[Postgres]:
    """An empty, migrated record for as long as the block lasts."""
    name = f"test_{uuid4().hex}"
    _administer(servers.postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    url = make_url(servers.postgres_url).set(database=name)
    postgres = Postgres(url.render_as_string(hide_password=False))
    yield postgres
    postgres.close()
    _administer(servers.postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres(servers: Servers, template: str) -> Iterator[Postgres]:
    """An empty, migrated record."""
    with new_record(servers, template) as postgres:
        yield postgres


@pytest.fixture(scope="session")
def session_graph(servers: Servers) -> Iterator[Graph]:
    """One door to the session's Neo4j."""
    graph = Graph(servers.neo4j_url, servers.neo4j_user, SecretStr(servers.neo4j_password))
    yield graph
    graph.close()


@pytest.fixture
def graph(session_graph: Graph, postgres: Postgres) -> Graph:
    """An empty graph, prepared for the test's record."""
    return emptied(session_graph, postgres)


def emptied(session_graph: Graph, postgres: Postgres) -> Graph:
    """The graph without anything in it, prepared for a record."""
    wipe(session_graph)
    with postgres.transaction() as connection:
        record_id = connection.execute(text("SELECT record_id FROM record")).scalar_one()
    prepare(session_graph, record_id)
    return session_graph


@pytest.fixture
def settings(servers: Servers, postgres: Postgres) -> Settings:
    """Settings of a process that works on the test's own record and topics."""
    return settings_of(servers, postgres)


@pytest.fixture
def commands(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands of `aml` inside the test's process work on the test's record, topics and graph."""
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    settings_of_the_process.cache_clear()
    yield
    settings_of_the_process.cache_clear()


def settings_of(servers: Servers, postgres: Postgres) -> Settings:
    """Settings that name a record, and topics that nobody else has."""
    suffix = uuid4().hex[:12]
    return Settings(
        postgres_url=SecretStr(postgres.url.render_as_string(hide_password=False)),
        neo4j_url=servers.neo4j_url,
        neo4j_user=servers.neo4j_user,
        neo4j_password=SecretStr(servers.neo4j_password),
        neo4j_browser_url=servers.neo4j_browser_url,
        kafka_bootstrap_servers=servers.kafka,
        transfers_topic=f"transfers-{suffix}",
        dead_letter_topic=f"transfers-{suffix}.dead",
        consumer_group=f"aml-{suffix}",
        api_token=SecretStr(API_TOKEN),
        evidence_timeout_seconds=30,  # a cold JVM on a busy machine is no finding
    )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with real data is not beside this checkout")
    return SHARED
