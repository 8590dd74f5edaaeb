"""Records for tests: databases on one PostgreSQL, each copied from a migrated template."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from app.stores.migrate import migrate
from app.stores.postgres import Postgres


class Databases:
    """Makes an empty record whenever a test asks for one; `url` names a database to connect to meanwhile."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        # An address that somebody gives may name no driver; the server may be killed between two tests.
        own = self._url.set(drivername="postgresql+psycopg2")
        self._engine = create_engine(own, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        self._template = self._create("")
        postgres = self._open(self._template)
        migrate(postgres)
        postgres.close()

    @contextmanager
    def record(self) -> Iterator[Postgres]:
        """An empty, migrated record for as long as the block lasts."""
        name = self._create(f"TEMPLATE {self._template}")
        postgres = self._open(name)
        yield postgres
        postgres.close()
        self._drop(name)

    def close(self) -> None:
        """Drops the template."""
        self._drop(self._template)
        self._engine.dispose()

    def _create(self, options: str) -> str:
        name = f"test_{uuid4().hex}"
        with self._engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} {options}"))
        return name

    def _drop(self, name: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    def _open(self, name: str) -> Postgres:
        return Postgres(self._url.set(database=name).render_as_string(hide_password=False))
