"""Records for tests: databases on one PostgreSQL, each copied from a migrated template.

The product works on them with a role of its own that is no superuser, as everywhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_urlsafe
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from app.stores.migrate import migrate
from app.stores.postgres import Postgres


class Databases:
    """Makes an empty record whenever a test asks for one.

    `url` names a database to connect to meanwhile, with a role that may create others. A superuser makes an
    ordinary role for the records; any other role owns them itself.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        # An address that somebody gives may name no driver; the server may be killed between two tests.
        own = self._url.set(drivername="postgresql+psycopg2")
        self._engine = create_engine(own, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        self._role = self._create_role()
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
        if self._role is not None:
            with self._engine.connect() as connection:
                connection.execute(text(f"DROP ROLE {self._role[0]}"))
        self._engine.dispose()

    def _create_role(self) -> tuple[str, str] | None:
        with self._engine.connect() as connection:
            is_superuser = text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            if not connection.execute(is_superuser).scalar_one():
                return None
            name, password = f"test_{uuid4().hex}", token_urlsafe(18)
            connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'"))
        return name, password

    def _create(self, options: str) -> str:
        name = f"test_{uuid4().hex}"
        owner = "" if self._role is None else f"OWNER {self._role[0]}"
        with self._engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} {owner} {options}"))
        return name

    def _drop(self, name: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    def _open(self, name: str) -> Postgres:
        url = self._url.set(database=name)
        if self._role is not None:
            url = url.set(username=self._role[0], password=self._role[1])
        return Postgres(url.render_as_string(hide_password=False))
