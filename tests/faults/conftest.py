"""Servers of this tier's own, since it kills them; a trial for each test; the table at the end."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from app.projection.schema import prepare, wipe
from app.record.identity import record_id
from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.migrate import migrate
from app.stores.postgres import Postgres
from embedded.stack import Stack
from ingest.contract.transfer import encode
from ingest.kafka.topics import ensure_topics
from ingest.record.writer import DecodedMessage, write_batch
from tests.faults.story import Tale, tell
from tests.faults.table import Table
from tests.faults.trial import Settled, Trial, recorded_transfers
from tests.support.content import record_digest

TEMPLATE = "faults_template"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers that may be killed; durable, as in earnest."""
    with Stack(tmp_path_factory.mktemp("faults") / "home") as stack:
        _administer(stack, f"CREATE DATABASE {TEMPLATE}")
        postgres = _record(stack, TEMPLATE)
        migrate(postgres)
        postgres.close()
        yield stack


@pytest.fixture(scope="session")
def tale() -> Tale:
    """The events of every trial."""
    return tell(5)


@pytest.fixture(scope="session")
def settled(stack: Stack, tale: Tale) -> Settled:
    """What the events give when they are ingested once, in order, without any fault."""
    _administer(stack, f"CREATE DATABASE settled TEMPLATE {TEMPLATE}")
    postgres = _record(stack, "settled")
    messages = [
        DecodedMessage("clean", 0, offset, event.message_key.encode(), encode(event), event)
        for offset, event in enumerate(tale.settled)
    ]
    postgres.run(lambda connection: write_batch(connection, messages))
    expected = Settled(recorded_transfers(postgres), record_digest(postgres), tale.refused)
    postgres.close()
    return expected


@pytest.fixture
def trial(stack: Stack) -> Iterator[Trial]:
    """An empty record, topic and graph."""
    name = f"trial_{uuid4().hex[:12]}"
    _administer(stack, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    postgres = _record(stack, name)
    settings = Settings(
        postgres_url=SecretStr(postgres.url.render_as_string(hide_password=False)),
        neo4j_url=stack.urls.neo4j,
        neo4j_password=SecretStr(stack.urls.neo4j_password),
        kafka_bootstrap_servers=stack.urls.kafka,
        transfers_topic=name,
        dead_letter_topic=f"{name}.dead",
        consumer_group=name,
    )
    graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
    wipe(graph)
    with postgres.transaction() as connection:
        prepare(graph, record_id(connection))
    ensure_topics(settings)
    trial = Trial(stack, settings, postgres, graph)
    yield trial
    for child in trial.consumers:
        if child.process.poll() is None:
            child.process.kill()
            child.ended(10)
    graph.close()
    postgres.close()
    _administer(stack, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """Takes every trial's outcome; the long form writes them down if every single trial has passed."""
    table = Table()
    yield table
    rounds = os.environ.get("AML_FAULT_ROUNDS")
    if rounds and not request.session.testsfailed:
        table.write(Path(PROJECT) / "docs" / "faults.md", f"AML_FAULT_ROUNDS={rounds} make test-faults")


def _record(stack: Stack, database: str) -> Postgres:
    url = make_url(stack.urls.postgres).set(database=database)
    return Postgres(url.render_as_string(hide_password=False))


def _administer(stack: Stack, statement: str) -> None:
    engine = create_engine(stack.urls.postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
