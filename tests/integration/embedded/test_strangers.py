"""Other users of this machine reach the ports of an instance, and may do nothing there."""

import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from app.settings import Settings
from app.stores.kafka import client_options
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


def test_a_stranger_cannot_fill_the_disk_with_kafkas_log(stack: Stack, home: Path) -> None:
    log = home / "logs" / "kafka.log"
    before = log.stat().st_size
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", struct.pack(">ihhi", 8, 3, 1, 7), b"\xff" * 64, b""):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", int(stack.urls.kafka.split(":")[1]))) as stranger:
                stranger.sendall(garbage)
                stranger.settimeout(5)
                with suppress(OSError):
                    stranger.shutdown(socket.SHUT_WR)
                    stranger.recv(1)
    wrong = {"sasl.username": "aml", "sasl.password": "wrong", "log_level": 0}
    admin = AdminClient({**client_options(settings_for(stack.urls), "admin"), **wrong})
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=3)
    assert log.stat().st_size == before, log.read_bytes()[before:][:2_000].decode()


def test_the_role_of_the_application_runs_no_program_and_reads_no_file(stack: Stack) -> None:
    for statement in (
        "COPY (SELECT 1) TO PROGRAM 'cat >/dev/null'",
        "CREATE TEMP TABLE t (a text); COPY t FROM '/etc/hostname'",
        "CREATE ROLE another SUPERUSER",
        "CREATE DATABASE another",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(stack.urls, statement)


def test_no_file_of_an_instance_is_open_to_others(stack: Stack, home: Path) -> None:
    assert stack.dead() == []
    for path in (home, *home.rglob("*")):
        if not path.is_symlink():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
