"""Servers of this tier's own, since it kills them; a trial for each test; the table at the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from embedded.stack import Stack
from ingest.kafka.topics import ensure_topics
from tests.faults.story import Tale, tell
from tests.faults.table import Table
from tests.faults.trial import Settled, Trial, recorded_transfers
from tests.support.content import record_digest
from tests.support.graph import emptied, open_graph
from tests.support.record import write
from tests.support.servers.choice import Servers
from tests.support.servers.databases import Databases


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers that may be killed; durable, as in earnest."""
    with Stack(tmp_path_factory.mktemp("faults") / "home") as stack:
        yield stack


@pytest.fixture(scope="session")
def servers(stack: Stack) -> Servers:
    """They are this tier's servers."""
    return Servers.embedded(stack.urls, stack.pids)


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Iterator[Databases]:
    """On these servers."""
    databases = Databases(servers.postgres_url)
    yield databases
    databases.close()


@pytest.fixture
def graph(servers: Servers, postgres: Postgres) -> Iterator[Graph]:
    """A door of each trial's own: the trial before may have killed what the last one led to."""
    graph = open_graph(servers)
    yield emptied(graph, postgres)
    graph.close()


@pytest.fixture(scope="session")
def tale() -> Tale:
    """The events of every trial."""
    return tell(5)


@pytest.fixture(scope="session")
def settled(databases: Databases, tale: Tale) -> Settled:
    """What the events give when they are ingested once, in order, without any fault."""
    with databases.record() as postgres:
        write(postgres, tale.settled)
        return Settled(recorded_transfers(postgres), record_digest(postgres), tale.refused)


@pytest.fixture
def trial(stack: Stack, settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[Trial]:
    """An empty record, topic and graph."""
    ensure_topics(settings)
    trial = Trial(stack, settings, postgres, graph)
    yield trial
    for child in trial.consumers:
        if child.process.poll() is None:
            child.process.kill()
            child.ended(10)


@pytest.fixture(scope="session")
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """Takes every trial's outcome; the long form writes them down if every single trial has passed."""
    table = Table()
    yield table
    rounds = os.environ.get("AML_FAULT_ROUNDS")
    if rounds and not request.session.testsfailed:
        table.write(Path(PROJECT) / "docs" / "faults.md", f"AML_FAULT_ROUNDS={rounds} make test-faults")
