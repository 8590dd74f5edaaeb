"""Real servers for a whole session, and a clean state for each test."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from app.graph import Graph
from app.migrate import migrate
from app.postgres import Postgres
from app.projection.schema import prepare, wipe
from app.settings import Settings

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@dataclass(frozen=True)
class Servers:
    """Where the session's servers are, and which kind they are."""

    kind: str
    postgres_url: str
    kafka: str
    neo4j_url: str
    neo4j_user: str
    neo4j_password: str


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """PostgreSQL, Kafka and Neo4j as embedded servers, started once."""
    from embedded.stack import Stack  # noqa: PLC0415 - unit tests run without the extra

    with Stack(tmp_path_factory.mktemp("servers") / "a home", durable=False) as stack:
        urls = stack.urls
        yield Servers("embedded", urls.postgres, urls.kafka, urls.neo4j, urls.neo4j_user, urls.neo4j_password)


def _administer(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def template(servers: Servers) -> str:
    """Name of a migrated database that each test's own is copied from."""
    name = "template_migrated"
    _administer(servers.postgres_url, f"CREATE DATABASE {name}")
    url = make_url(servers.postgres_url).set(database=name)
    postgres = Postgres(url.render_as_string(hide_password=False))
    migrate(postgres)
    postgres.close()
    return name


@pytest.fixture
def postgres(servers: Servers, template: str) -> Iterator[Postgres]:
    """An empty, migrated record."""
    name = f"test_{uuid4().hex}"
    _administer(servers.postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    url = make_url(servers.postgres_url).set(database=name)
    postgres = Postgres(url.render_as_string(hide_password=False))
    yield postgres
    postgres.close()
    _administer(servers.postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def neo4j_door(servers: Servers) -> Iterator[Graph]:
    """One door to the session's Neo4j."""
    graph = Graph(servers.neo4j_url, servers.neo4j_user, SecretStr(servers.neo4j_password))
    yield graph
    graph.close()


@pytest.fixture
def graph(neo4j_door: Graph, postgres: Postgres) -> Graph:
    """An empty graph, prepared for the test's record."""
    wipe(neo4j_door)
    with postgres.transaction() as connection:
        record_id = connection.execute(text("SELECT record_id FROM record")).scalar_one()
    prepare(neo4j_door, record_id)
    return neo4j_door


@pytest.fixture
def settings(servers: Servers, postgres: Postgres) -> Settings:
    """Settings of a process that works on the test's own record and topics."""
    suffix = uuid4().hex[:12]
    return Settings(
        postgres_url=SecretStr(postgres.url.render_as_string(hide_password=False)),
        neo4j_url=servers.neo4j_url,
        neo4j_user=servers.neo4j_user,
        neo4j_password=SecretStr(servers.neo4j_password),
        kafka_bootstrap_servers=servers.kafka,
        transfers_topic=f"transfers-{suffix}",
        dead_letter_topic=f"transfers-{suffix}.dead",
        consumer_group=f"aml-{suffix}",
        api_token=SecretStr("a token for tests"),
        evidence_timeout_seconds=30,  # a cold JVM on a busy machine is no finding
    )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with real data is not beside this checkout")
    return SHARED
