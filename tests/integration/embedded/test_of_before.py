"""An instance of before asked for no password, and its application was the superuser: a start changes it."""

import json
import os
import pwd
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.kafka import client_options
from embedded import kafka as embedded_kafka
from embedded import postgres as embedded_postgres
from embedded.home import read_secrets
from embedded.os_user import account
from embedded.roles import ensure_roles
from embedded.stack import Stack
from embedded.urls import StackUrls, environment
from ingest.kafka.topics import ensure_topics
from tests.support.ingesting import wait_until

SERVICES = ("postgres", "kafka")
OPEN = {
    "inter.broker.listener.name": "CLIENT",
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
}
MADE = """
    CREATE TABLE kept (id bigint GENERATED ALWAYS AS IDENTITY, n serial, name text UNIQUE);
    CREATE SEQUENCE alone;
    CREATE VIEW seen AS SELECT name FROM kept;
    CREATE TYPE kind AS ENUM ('a', 'b');
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
    CREATE STATISTICS related ON n, name FROM kept;
    CREATE SCHEMA own CREATE TABLE other (n int);
    INSERT INTO kept (name) SELECT i::text FROM generate_series(1, 1000) i;
"""


@contextmanager
def open_to_all(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The servers as they were: no password in Kafka, one role in PostgreSQL, the user `nobody`."""
    with monkeypatch.context() as patch:
        settings = embedded_kafka._settings
        dropped = ("sasl", "authorizer", "super", "allow", "listener.name", *OPEN)

        def without_security(*arguments: object) -> dict[str, object]:
            kept = settings(*arguments)  # type: ignore[arg-type] # passed on as they are
            return {name: value for name, value in kept.items() if not name.startswith(dropped)} | OPEN

        patch.setattr(embedded_kafka, "_settings", without_security)
        patch.setattr(embedded_kafka, "password_settings", lambda *_: {})
        patch.setattr(embedded_kafka, "_ready", lambda port, _: embedded_kafka.connect(port))
        patch.setattr(embedded_postgres, "ADMIN_ROLE", "aml")
        patch.setattr(embedded_postgres, "ensure_roles", one_role)
        if os.geteuid() == 0:
            patch.setenv("AML_POSTGRES_OS_USER", "nobody")
        yield


def one_role(admin_url: str, url: str) -> None:
    """The database, which belongs to the superuser `aml`; both have the password of `aml` from then on."""
    del admin_url
    with closing(connect_as("aml", url, "postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = 'aml'")
            if cursor.fetchone() is None:
                cursor.execute("CREATE DATABASE aml")


def connect_as(role: str, url: str, database: str = "aml") -> "psycopg2.extensions.connection":
    parts = psycopg2.extensions.parse_dsn(url.replace("+psycopg2", ""))
    return psycopg2.connect(**{**parts, "user": role, "dbname": database})


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with closing(connect_as("aml", url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an instance of before, which has run and holds a table, a topic and an offset."""
    home = tmp_path / "home"
    password = "the-password-of-before-1"  # noqa: S105 - of servers that forget everything
    home.mkdir(mode=0o700)
    (home / "aml.lock").touch()
    before = {"postgres": password, "neo4j": "n" * 24, "api_token": "t" * 43}
    with open_to_all(monkeypatch):
        (home / "secrets.json").write_text(json.dumps(before | {"postgres_admin": password}))
        with Stack(home, services=SERVICES, durable=False) as stack:
            rows(stack.urls.postgres, MADE)
            fill_kafka({"bootstrap.servers": stack.urls.kafka})
    (home / "secrets.json").write_text(json.dumps(before))
    return home


def fill_kafka(options: dict[str, str]) -> None:
    topics = [NewTopic("transfers", 1, 1), NewTopic("transfers.dead", 1, 1)]
    admin = AdminClient(options)
    for created in admin.create_topics(topics).values():
        created.result(30)
    producer = Producer(options)
    for _ in range(10):
        producer.produce("transfers", b"x")
    assert producer.flush(30) == 0
    consumer = Consumer({**options, "group.id": "aml"})
    wait_until(lambda: commits(consumer, TopicPartition("transfers", 0, 7)), 60)
    consumer.close()


def commits(consumer: Consumer, offset: TopicPartition) -> bool:
    """Whether a new Kafka knows the group already."""
    try:
        consumer.commit(offsets=[offset], asynchronous=False)
    except KafkaException:
        return False
    return True


def settings_of(urls: StackUrls) -> Settings:
    return Settings.model_validate(
        {name.removeprefix("AML_").lower(): value for name, value in environment(urls).items()}
    )


def test_it_starts_as_it_is_and_is_closed_from_then_on(home: Path) -> None:
    if os.geteuid() == 0:
        assert (home / "postgres" / "data").stat().st_uid == account("nobody").uid
    for _ in range(2):  # the second start has nothing to change
        with Stack(home, services=SERVICES, durable=False) as stack:
            check_postgres(stack.urls)
            check_kafka(stack.urls)
            check_owner(home)
    secrets = read_secrets(home)
    assert secrets is not None
    assert secrets.postgres == "the-password-of-before-1"


def check_postgres(urls: StackUrls) -> None:
    assert rows(urls.postgres, "SELECT count(*) FROM own.other") == [(0,)]
    assert rows(urls.postgres, "SELECT count(*) FROM seen") == [(1000,)]
    assert rows(urls.postgres, "SELECT rolname::text FROM pg_roles WHERE rolsuper") == [("aml_admin",)]
    owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE oid >= 16384"
    assert rows(urls.postgres, owners) == [("aml",)]
    for statement in (
        "ALTER TABLE kept ADD COLUMN IF NOT EXISTS more int; SELECT nextval('alone')",
        "ALTER TYPE kind ADD VALUE IF NOT EXISTS 'c'",
        "ALTER FUNCTION twice STABLE; ALTER STATISTICS related SET STATISTICS 10",
        "CREATE TABLE IF NOT EXISTS own.more (n int); CREATE TABLE IF NOT EXISTS more (n int)",
    ):
        rows(urls.postgres, statement)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        rows(urls.postgres, "COPY (SELECT 1) TO PROGRAM 'cat >/dev/null'")


def check_kafka(urls: StackUrls) -> None:
    settings = settings_of(urls)
    ensure_topics(settings)
    consumer = Consumer({**client_options(settings, "consumer"), "group.id": "aml"})
    (committed,) = consumer.committed([TopicPartition("transfers", 0)], timeout=30)
    assert (committed.offset, consumer.get_watermark_offsets(committed, timeout=30)) == (7, (0, 10))
    consumer.close()


def check_owner(home: Path) -> None:
    assert "trust" not in (home / "postgres" / "data" / "pg_hba.conf").read_text()
    if os.geteuid() != 0:
        return
    owners = {path.lstat().st_uid for path in (home / "postgres").rglob("*")}
    (owner,) = owners
    with pytest.raises(KeyError):
        pwd.getpwuid(owner)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL as another user")
def test_what_the_user_of_before_left_behind_gives_away_nothing_of_roots(home: Path, tmp_path: Path) -> None:
    secret = tmp_path / "of-root"
    secret.write_text("root's")
    secret.chmod(0o600)
    data = home / "postgres" / "data"
    (data / "link").symlink_to(secret)
    (data / "other-name").hardlink_to(secret)
    hba = data / "pg_hba.conf"
    hba.unlink()
    hba.symlink_to(secret)
    with Stack(home, services=("postgres",), durable=False):
        assert secret.lstat().st_uid == 0
        assert secret.read_text() == "root's"
        assert stat.S_IMODE(hba.lstat().st_mode) == 0o600
        assert hba.is_file()
        assert not hba.is_symlink()


@pytest.mark.parametrize("change", [lambda urls: urls.postgres.replace("aml:", "aml:not-"), None])
def test_a_superuser_with_a_wrong_password_is_a_sentence(
    tmp_path: Path, change: Callable[[StackUrls], str] | None
) -> None:
    with Stack(tmp_path / "home", services=("postgres",), durable=False) as stack:
        wrong = stack.urls.postgres_admin.replace("aml_admin:", "aml_admin:not-")
        with pytest.raises(DependencyMissing, match="AML_POSTGRES_ADMIN_URL") as told:
            ensure_roles(wrong, change(stack.urls) if change else stack.urls.postgres)
        assert "not-" not in str(told.value)
