"""Other users of this machine reach the ports of an instance, and may do nothing there."""

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from confluent_kafka import Producer

from app.settings import Settings
from embedded.stack import Stack
from embedded.urls import StackUrls, environment
from ingest.contract.transfer import encode
from ingest.kafka.producer import produce
from tests.support.builders import retraction, transfer
from tests.support.ingesting import messages_in_topic

GONE_MS = 4_000
"""When a message that Kafka does not take counts as lost."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strangers") / "home"


@pytest.fixture(scope="module")
def stack(home: Path) -> Iterator[Stack]:
    with Stack(home, services=("postgres", "kafka"), durable=False) as stack:
        yield stack


def settings_for(urls: StackUrls) -> Settings:
    """The settings of a process of this instance."""
    return Settings.model_validate(
        {name.removeprefix("AML_").lower(): value for name, value in environment(urls).items()}
    )


def execute(urls: StackUrls, statement: str) -> None:
    connection = psycopg2.connect(urls.postgres.replace("+psycopg2", ""))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def test_whoever_has_no_password_retracts_nothing(stack: Stack) -> None:
    settings = settings_for(stack.urls)
    assert produce([transfer(1, 1, 2, 1_000)], settings) == 1
    outcomes: list[bool] = []
    stranger = Producer(
        {"bootstrap.servers": stack.urls.kafka, "message.timeout.ms": GONE_MS, "log_level": 0}
    )
    stranger.produce(
        settings.transfers_topic,
        encode(retraction(transfer(1, 1, 2, 1_000))),
        on_delivery=lambda error, _: outcomes.append(error is None),
    )
    stranger.flush(GONE_MS / 1_000 + 10)
    assert outcomes == [False]
    assert messages_in_topic(settings) == 1


def test_the_role_of_the_application_runs_no_program_and_reads_no_file(stack: Stack) -> None:
    for statement in (
        "COPY (SELECT 1) TO PROGRAM 'cat >/dev/null'",
        "CREATE TEMP TABLE t (a text); COPY t FROM '/etc/hostname'",
        "CREATE ROLE another SUPERUSER",
        "CREATE DATABASE another",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(stack.urls, statement)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL as another user")
def test_postgres_of_root_runs_as_a_user_that_nobody_else_is(stack: Stack) -> None:
    uids = psutil.Process(stack.pids["postgres"]).uids()
    assert 0 not in uids
    with pytest.raises(KeyError):
        pwd.getpwuid(uids.effective)


def test_no_file_of_an_instance_is_open_to_others(stack: Stack, home: Path) -> None:
    assert stack.dead() == []
    for path in (home, *home.rglob("*")):
        if not path.is_symlink():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
