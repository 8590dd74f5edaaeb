"""Kafka's users: each may do its own part, and a wrong password is told at once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from pydantic import SecretStr

from app.errors import DependencyMissing
from app.settings import PROJECT, Settings
from app.stores.kafka import client_options
from app.stores.kafka_files import librdkafka_properties
from app.stores.kafka_offsets import TopicReader
from app.stores.migrate import migrate
from app.stores.postgres import Postgres
from embedded.stack import Stack
from embedded.urls import environment
from ingest.consumer.consumer import consume
from ingest.contract.transfer import encode
from ingest.kafka.dead_letters import DeadLetterProducer
from ingest.kafka.producer import produce
from ingest.kafka.topics import await_coordinator, ensure_topics
from tests.support.builders import transfer
from tests.support.ingesting import messages_in_topic

TOLD_SECONDS = 5.0
"""A wrong password is told so soon."""
TRANSFER = transfer(1, 1, 2, 1_000)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("users") / "home"
    with Stack(home, services=("postgres", "kafka"), durable=False) as stack:
        yield stack


@pytest.fixture(scope="module")
def settings(stack: Stack) -> Settings:
    """The settings of the instance, whose topics are there."""
    variables = environment(stack.urls)
    settings = Settings.model_validate(
        {name.removeprefix("AML_").lower(): value for name, value in variables.items()}
    )
    ensure_topics(settings)
    return settings


@pytest.fixture(scope="module")
def postgres(settings: Settings) -> Iterator[Postgres]:
    postgres = Postgres(settings.postgres_url)
    migrate(postgres)
    yield postgres
    postgres.close()


def outcome_of_writing(options: dict[str, object], topic: str) -> int | None:
    """The code of the error that one message ends with."""
    outcomes: list[int | None] = []
    producer = Producer({**options, "message.timeout.ms": 10_000})
    producer.produce(topic, encode(TRANSFER), on_delivery=lambda e, _: outcomes.append(e and e.code()))
    producer.flush(20)
    (outcome,) = outcomes
    return outcome


def outcome_of_reading(options: dict[str, object], group: str, topic: str) -> int | None:
    """The code of the error that one read ends with."""
    consumer = Consumer({**options, "group.id": group, "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(4)])
    (message,) = consumer.consume(1, 20)
    consumer.close()
    error = message.error()
    return None if error is None else error.code()


def test_each_user_may_do_its_own_part_and_no_other(settings: Settings) -> None:
    refused = KafkaError.TOPIC_AUTHORIZATION_FAILED
    transfers, dead = settings.transfers_topic, settings.dead_letter_topic
    producer, consumer = client_options(settings, "producer"), client_options(settings, "consumer")
    assert outcome_of_writing(producer, transfers) is None
    assert outcome_of_writing(producer, dead) == refused
    assert outcome_of_writing(consumer, transfers) == refused
    assert outcome_of_writing(consumer, dead) is None
    assert outcome_of_reading(consumer, settings.consumer_group, transfers) is None
    for group in ("of its own", settings.consumer_group):  # of two refusals either comes first
        refusals = {refused, KafkaError.GROUP_AUTHORIZATION_FAILED}
        assert outcome_of_reading(producer, group, transfers) in refusals


def test_idempotent_producing_needs_nothing_more(settings: Settings) -> None:
    options = client_options(settings, "producer")
    assert outcome_of_writing({**options, "enable.idempotence": True}, settings.transfers_topic) is None


def test_a_producer_alone_needs_no_other_user(settings: Settings) -> None:
    nobody: dict[str, None] = dict.fromkeys(
        ("kafka_username", "kafka_password", "kafka_admin_username", "kafka_admin_password")
    )
    assert produce([TRANSFER], settings.model_copy(update=nobody)) == 1


def test_the_file_for_a_producer_of_ones_own_is_all_that_it_needs(settings: Settings) -> None:
    lines = [line for line in librdkafka_properties(settings).splitlines() if not line.startswith("#")]
    options: dict[str, object] = dict(line.split("=", 1) for line in lines)
    before = messages_in_topic(settings)
    assert outcome_of_writing(options, settings.transfers_topic) is None
    assert messages_in_topic(settings) == before + 1


WRONG = {f"kafka_{part}password": SecretStr("not the right one") for part in ("", "producer_", "admin_")}


def consume_once(settings: Settings, postgres: Postgres) -> None:
    consume(settings, postgres, Event(), lambda _: None)


@pytest.mark.parametrize(
    ("changed", "user", "call"),
    [
        ("kafka_admin_password", "admin", lambda s, _: ensure_topics(s)),
        ("kafka_password", "aml", lambda s, _: await_coordinator(s)),
        ("kafka_producer_password", "producer", lambda s, _: produce([TRANSFER], s)),
        ("kafka_password", "aml", lambda s, _: TopicReader(s).topic_id()),
        ("kafka_password", "aml", consume_once),
    ],
    ids=["topics", "coordinator", "produce", "status", "consumer"],
)
def test_a_wrong_password_is_one_sentence_within_seconds(
    settings: Settings,
    postgres: Postgres,
    changed: str,
    user: str,
    call: Callable[[Settings, Postgres], object],
) -> None:
    wrong = settings.model_copy(update={changed: WRONG[changed]})
    variable = f"AML_{changed.upper()}"
    began = monotonic()
    with pytest.raises(DependencyMissing, match=f"refuses the user {user} or its password .*{variable}"):
        call(wrong, postgres)
    assert monotonic() - began < TOLD_SECONDS


def test_the_producer_of_dead_letters_says_so_too(settings: Settings, postgres: Postgres) -> None:
    wrong = settings.model_copy(update=WRONG)
    producer = DeadLetterProducer(wrong, postgres)
    began = monotonic()
    with postgres.transaction() as connection:
        connection.exec_driver_sql(
            'INSERT INTO dead_letters (topic, partition, "offset", reason, detail, payload, payload_bytes)'
            " VALUES ('transfers', 0, 0, 'not_json', 'a test', 'x', 1)"
        )
    with pytest.raises(DependencyMissing, match="refuses the user aml or its password"):
        producer.publish_pending()
    assert monotonic() - began < TOLD_SECONDS


def test_a_user_without_permission_is_told_what_it_lacks(settings: Settings) -> None:
    swapped = settings.model_copy(
        update={
            "kafka_admin_username": None,  # else it would be given what it lacks
            "kafka_producer_username": "aml",
            "kafka_producer_password": settings.kafka_password,
        }
    )
    with pytest.raises(DependencyMissing, match="does not let the user aml do this"):
        produce([TRANSFER], swapped)


def test_a_producer_without_any_permission_is_told_and_leaves_no_trace(settings: Settings) -> None:
    """An idempotent producer of such a user is broken for good, and the library says so in its own words."""
    other = {"transfers_topic": "another", "kafka_admin_username": None}
    forbidden = settings.model_copy(update=other)
    with pytest.raises(DependencyMissing, match="does not let the user"):
        produce([TRANSFER], forbidden)


def test_a_missing_password_is_told_before_anything_is_asked(settings: Settings) -> None:
    lacking = settings.model_copy(update={"kafka_password": None})
    with pytest.raises(DependencyMissing, match="needs AML_KAFKA_USERNAME and AML_KAFKA_PASSWORD"):
        TopicReader(lacking)


def test_a_broker_that_is_killed_and_restarted_refuses_nobody(stack: Stack, settings: Settings) -> None:
    """Some of these connections end while they sign in, which the library reports under the same code."""
    stack.kill("kafka", signal.SIGKILL)
    stack.restart("kafka")
    assert produce([TRANSFER], settings) == 1
    assert TopicReader(settings).topic_id(timeout_seconds=10)


COMMAND = [sys.executable, "-m", "app.cli"]


@pytest.mark.usefixtures("settings")
def test_a_command_with_a_wrong_password_ends_with_the_sentence(stack: Stack, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_bytes(encode(TRANSFER) + b"\n")
    wrong = {"AML_KAFKA_PRODUCER_PASSWORD": "not the right one"}
    done = subprocess.run(
        [*COMMAND, "produce", str(events), "--no-wait"],
        cwd=PROJECT,
        env={**os.environ, **environment(stack.urls), **wrong},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "refuses the user producer or its password" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
