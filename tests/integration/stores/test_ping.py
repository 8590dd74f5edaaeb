"""A server is ready when it answers about data, and strangers with wrong passwords lock nobody out."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres


@pytest.fixture
def emptied(postgres: Postgres) -> Iterator[Postgres]:
    """A database whose tables are out of sight, as one that was never migrated."""
    with postgres.transaction() as connection:
        connection.execute(text("ALTER SCHEMA public RENAME TO elsewhere"))
    yield postgres
    with postgres.transaction() as connection:
        connection.execute(text("ALTER SCHEMA elsewhere RENAME TO public"))


def test_a_record_without_its_tables_is_not_ready(emptied: Postgres) -> None:
    with pytest.raises(DependencyMissing, match="cannot answer: relation"):
        emptied.ping()


def test_both_stores_are_ready(postgres: Postgres, graph: Graph) -> None:
    postgres.ping()
    graph.ping()


def test_wrong_passwords_lock_nobody_out(settings: Settings, graph: Graph) -> None:
    for number in range(8):
        stranger = Graph(settings.neo4j_url, settings.neo4j_user, SecretStr(f"a wrong one {number}"))
        with pytest.raises(DependencyMissing, match="refuses the password"):
            stranger.ping()
        stranger.close()
    anew = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
    anew.ping()
    anew.close()
    graph.ping()
