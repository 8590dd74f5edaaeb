"""The roles of a record: a superuser that nothing runs as, and the application's, which owns its database."""

from contextlib import closing
from dataclasses import dataclass, field
from typing import Self

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class of the library in lower case
from psycopg2.extensions import encrypt_password
from psycopg2.sql import SQL, Composable, Identifier, Literal
from sqlalchemy import make_url

from app.errors import DependencyMissing

_RENAMER = "aml_renames_a_role"
_OBJECTS = """
    SELECT format('ALTER %%s %%s OWNER TO %%I',
                  coalesce(nullif(type, 'statistics object'), 'statistics'), identity, %(owner)s::text)
    FROM (
        SELECT 'pg_class'::regclass AS class, oid FROM pg_class c
        WHERE relowner = %(previous)s::regrole AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
        UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE proowner = %(previous)s::regrole
        UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
        WHERE typowner = %(previous)s::regrole AND typtype IN ('d', 'e')
        UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext
        WHERE stxowner = %(previous)s::regrole
        UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace
        WHERE nspowner = %(previous)s::regrole
    ) owned, LATERAL pg_identify_object(class, oid, 0)
    WHERE coalesce(schema, identity) !~ '^(pg_|information_schema$)'
"""
"""A sequence of a column follows its table."""


@dataclass(frozen=True)
class _Login:
    host: str
    port: int
    role: str
    password: str = field(repr=False)
    database: str

    @classmethod
    def of(cls, url: str) -> Self:
        parts = make_url(url)
        return cls(
            parts.host or "127.0.0.1",
            parts.port or 5432,
            parts.username or "",
            parts.password or "",
            parts.database or "",
        )

    def connect(self, database: str = "postgres") -> Connection:
        return psycopg2.connect(
            host=self.host,
            port=self.port,
            user=self.role,
            password=self.password,
            dbname=database,
            connect_timeout=3,
            options="-c lock_timeout=30s",
        )


def ensure_roles(admin_url: str, url: str) -> None:
    """Makes the role and the database of `url`, which the role owns; it is no superuser afterwards.

    A record of before, whose only role is a superuser, keeps its data and its password: the superuser gets
    the name and the password of `admin_url`, and a new role those that the application uses.

    Raises:
        DependencyMissing: the server does not answer, or knows neither role with its password.
    """
    admin, application = _Login.of(admin_url), _Login.of(url)
    try:
        _ensure(admin, application)
    except psycopg2.OperationalError as exc:
        raise DependencyMissing(
            f"PostgreSQL at {admin.host}:{admin.port} does not let {admin.role} in: {str(exc).strip()}. "
            "See AML_POSTGRES_ADMIN_URL."
        ) from exc


def ask(url: str) -> None:
    """Asks the database of `url` one question as its role; raises an error of psycopg2 unless it answers."""
    application = _Login.of(url)
    with closing(application.connect(application.database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_class LIMIT 1")


def _ensure(admin: _Login, application: _Login) -> None:
    try:
        connection = admin.connect()
    except psycopg2.OperationalError:
        _divide(admin, application)
        connection = admin.connect()
    with closing(connection):
        _ensure_role(connection, application)
        _ensure_database(connection, application)
    with closing(admin.connect(application.database)) as connection:
        _give_objects(connection, admin, application)


def _divide(admin: _Login, application: _Login) -> None:
    """Gives the superuser that the application was another name; no role can rename itself."""
    with closing(application.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() != (True,):
            raise DependencyMissing(
                f"PostgreSQL at {admin.host}:{admin.port} refuses the role {admin.role} or its password: "
                "see AML_POSTGRES_ADMIN_URL."
            )
        renamer, old, new = Identifier(_RENAMER), Identifier(application.role), Identifier(admin.role)
        cursor.execute(SQL("CREATE ROLE {} SUPERUSER").format(renamer))
        cursor.execute(SQL("SET SESSION AUTHORIZATION {}").format(renamer))
        cursor.execute(SQL("ALTER ROLE {} RENAME TO {}").format(old, new))
        verifier = _verifier(connection, admin)
        cursor.execute(SQL("ALTER ROLE {} PASSWORD {}").format(new, verifier))
        _create_role(connection, application)
        cursor.execute("RESET SESSION AUTHORIZATION")
        cursor.execute(SQL("DROP ROLE {}").format(renamer))


def _ensure_role(connection: Connection, application: _Login) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", (application.role,))
        row = cursor.fetchone()
        if row is None:
            _create_role(connection, application)
        elif row == (True,):
            cursor.execute(SQL("ALTER ROLE {} NOSUPERUSER").format(Identifier(application.role)))


def _create_role(connection: Connection, application: _Login) -> None:
    verifier = _verifier(connection, application)
    with connection.cursor() as cursor:
        cursor.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(application.role), verifier))


def _verifier(connection: Connection, login: _Login) -> Composable:
    """What the server keeps of a password: the password itself would stand in its log after an error."""
    return Literal(encrypt_password(login.password, login.role, connection, "scram-sha-256"))


def _ensure_database(connection: Connection, application: _Login) -> None:
    database, owner = Identifier(application.database), Identifier(application.role)
    connection.autocommit = True  # a database is made outside a transaction
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (application.database,)
        )
        row = cursor.fetchone()
        if row is None:
            cursor.execute(SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
        elif row != (application.role,):
            cursor.execute(SQL("ALTER DATABASE {} OWNER TO {}").format(database, owner))


def _give_objects(connection: Connection, admin: _Login, application: _Login) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(_OBJECTS, {"owner": application.role, "previous": admin.role})
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)
