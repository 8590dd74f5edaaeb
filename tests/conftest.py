"""Real servers for a whole session, and a clean state for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer

from app.settings import Settings
from app.settings import settings as settings_of_the_process
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.environment import environment, settings_of
from tests.support.graph import emptied, open_graph
from tests.support.hack import Hack
from tests.support.paths import SHARED
from tests.support.servers.choice import ASKED, Choice, Servers, choose
from tests.support.servers.databases import Databases
from tests.support.tiers import ByFile, tier_of, workers

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
    choice_of(config)
    for name in ("secrets_dir", "home", *Settings.model_fields):
        os.environ.pop(f"AML_{name.upper()}", None)


def choice_of(config: pytest.Config) -> Choice:
    """The servers of this session, chosen once: its workers are given the answer as their option."""
    if CHOICE not in config.stash:
        config.stash[CHOICE] = choose(config.getoption("--servers"), os.environ)
        config.option.servers = config.stash[CHOICE].kind
    return config.stash[CHOICE]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks each test with the tier of its folder."""
    item.add_marker(tier_of(item.path))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means."""
    return workers(own_servers=choice_of(config).kind != "environment")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Whole files go to one worker."""
    return ByFile(config, log)


def pytest_report_header(config: pytest.Config) -> str:
    """Says which servers the session uses, and why."""
    choice = choice_of(config)
    return f"servers: {choice.kind} ({choice.reason})"


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """PostgreSQL, Kafka and Neo4j, started once unless they run already."""
    with choice_of(request.config).start(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Iterator[Databases]:
    """Where records come from."""
    databases = Databases(servers.postgres_url)
    yield databases
    databases.close()


@pytest.fixture
def postgres(databases: Databases) -> Iterator[Postgres]:
    """An empty, migrated record."""
    with databases.record() as postgres:
        yield postgres


@pytest.fixture(scope="session")
def session_graph(servers: Servers) -> Iterator[Graph]:
    """One door to the session's Neo4j."""
    graph = open_graph(servers)
    yield graph
    graph.close()


@pytest.fixture
def graph(session_graph: Graph, postgres: Postgres) -> Graph:
    """An empty graph, prepared for the test's record."""
    return emptied(session_graph, postgres)


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


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with real data is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def hack(shared: Path) -> Hack:
    """The real hack with its exact exposures."""
    return Hack(shared / "data" / "xscam_2022")
