"""Nothing is skipped in silence: the record decides where reading begins, and what cannot be read is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from sqlalchemy import text

from app.operations.status import ingestion_status
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.kafka_offsets import partition_offsets
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.topics import QUIET, ensure_topics
from tests.support.builders import story, transfer
from tests.support.content import is_equal
from tests.support.ingesting import await_ingestion, consuming, ingest, produce_raw, wait_until
from tests.support.record import ask, rows

TABLES = ("ingestion_state", "batches", "transactions", "flows", "pools", "wallets", "assets", "counts")
BACKUP = "".join(f"CREATE TABLE saved_{name} AS TABLE {name};" for name in TABLES)
RESTORE = "".join(
    f"TRUNCATE {name}; INSERT INTO {name} OVERRIDING SYSTEM VALUE TABLE saved_{name};" for name in TABLES
)
HOLES = "SELECT partition, reason, from_offset, to_offset FROM holes ORDER BY partition, hole_id"


@pytest.fixture
def one(settings: Settings) -> Settings:
    """Settings of a topic with one partition, which is there."""
    settings = settings.model_copy(update={"topic_partitions": 1})
    ensure_topics(settings)
    return settings


def admin(settings: Settings) -> AdminClient:
    return AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers, **QUIET})


def delete_topic(settings: Settings) -> None:
    for deleted in admin(settings).delete_topics([settings.transfers_topic], operation_timeout=15).values():
        deleted.result()


def make_topic_anew(settings: Settings) -> None:
    delete_topic(settings)

    def made() -> bool:
        ensure_topics(settings)
        return bool(partition_offsets(settings, timeout_seconds=10))

    wait_until(made, 30)


def retain(settings: Settings, first: int, partition: int = 0) -> None:
    """Retention: Kafka keeps no message before this one."""
    at = TopicPartition(settings.transfers_topic, partition, first)
    for deleted in admin(settings).delete_records([at]).values():
        deleted.result()


def send(settings: Settings, first: int, end: int) -> None:
    """Transfers by their numbers, to whichever partition their key names."""
    messages = [transfer(number, 1, 2, 1_000) for number in range(first, end)]
    produce_raw(settings, [(t.message_key.encode(), encode(t)) for t in messages])


def blocks(postgres: Postgres) -> list[int]:
    """The numbers of the transfers of the record."""
    return [number for (number,) in rows(postgres, "SELECT block_number FROM transactions ORDER BY 1")]


def change(postgres: Postgres, statements: str) -> None:
    with postgres.transaction() as connection:
        connection.execute(text(statements))


@contextmanager
def reading(
    settings: Settings, postgres: Postgres, graph: Graph
) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """A consumer that runs; yields a wait for a condition during which it must not end."""
    with consuming(settings, postgres, graph) as alive:

        def wait(holds: Callable[[], bool]) -> None:
            wait_until(lambda: not alive() or holds(), 60)
            assert alive(), "the consumer has ended"

        yield wait


def test_an_older_backup_of_the_record_is_read_on_from_where_it_ends(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    transfers = story().transfers
    ingest(settings, postgres, graph, transfers[:1_000])
    change(postgres, BACKUP)
    ingest(settings, postgres, graph, transfers[1_000:])
    change(postgres, RESTORE)
    assert ask(postgres, "SELECT count(*) FROM transactions") == 1_000

    ingest(settings, postgres, graph)

    status = ingestion_status(settings, postgres, graph)
    assert (status.totals.consumed, status.totals.stored, status.lag) == (1_500, 1_500, 0)
    assert ask(postgres, "SELECT count(*) FROM transactions") == 1_500
    assert rows(postgres, HOLES) == []


def test_an_older_backup_that_is_put_back_under_a_running_consumer_is_read_on_from_where_it_ends(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    with reading(one, postgres, graph) as wait:
        send(one, 0, 30)
        wait(lambda: len(blocks(postgres)) == 30)
        change(postgres, BACKUP)
        send(one, 30, 60)
        wait(lambda: len(blocks(postgres)) == 60)
        change(postgres, RESTORE)
        send(one, 60, 70)
        wait(lambda: len(blocks(postgres)) == 70)
    assert blocks(postgres) == list(range(70))
    assert rows(postgres, HOLES) == []


def test_a_consumer_group_that_kafka_has_forgotten_reads_nothing_again(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    send(one, 0, 20)
    ingest(one, postgres, graph)
    again = one.model_copy(update={"consumer_group": f"{one.consumer_group}-again"})
    send(one, 20, 30)
    ingest(again, postgres, graph)
    totals = ingestion_status(one, postgres, graph).totals
    assert (totals.consumed, totals.stored, totals.duplicates) == (30, 30, 0)


def test_a_hole_that_retention_made_before_the_consumer_came_is_told(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    send(one, 0, 10)
    ingest(one, postgres, graph)
    send(one, 10, 1_010)
    retain(one, 910)

    status = ingestion_status(one, postgres, graph)
    assert status.lag == 1_000  # 100 can be read
    assert status.topic_problem is not None
    assert "900" in status.topic_problem

    ingest(one, postgres, graph)

    assert rows(postgres, HOLES) == [(0, "retention", 10, 910)]
    assert blocks(postgres) == [*range(10), *range(910, 1_010)]
    status = ingestion_status(one, postgres, graph)
    assert (status.lag, status.topic_problem) == (0, None)
    assert status.hole_alarm is not None
    assert (status.hole_alarm.unseen, status.hole_alarm.messages) == (1, 900)


def test_a_hole_that_retention_makes_before_a_running_consumer_is_told(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    with reading(one, postgres, graph) as wait:
        send(one, 0, 10)
        wait(lambda: len(blocks(postgres)) == 10)
        with postgres.transaction() as connection:
            # The consumer waits here with what it has fetched, 16 MiB, while retention overtakes it.
            connection.execute(text("SELECT 1 FROM ingestion_state FOR UPDATE"))
            produce_raw(one, [(None, b"7" * 64_000)] * 400)
            wait_until(lambda: partition_offsets(one)[0].end == 410)
            retain(one, 405)
        send(one, 410, 415)
        wait(lambda: len(blocks(postgres)) == 15)
    ((partition, reason, first, end),) = rows(postgres, HOLES)
    assert (partition, reason, end) == (0, "retention", 405)
    assert 10 < first < 405
    refused = 'SELECT "offset" FROM dead_letters ORDER BY 1'
    assert [offset for (offset,) in rows(postgres, refused)] == [*range(10, first), *range(405, 410)]


def test_a_new_record_begins_with_what_kafka_has_and_tells_no_hole(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    send(one, 0, 30)
    retain(one, 20)
    ingest(one, postgres, graph)
    assert blocks(postgres) == list(range(20, 30))
    assert rows(postgres, HOLES) == []


def test_a_topic_that_was_made_anew_while_nobody_read_is_read_from_its_start(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    send(one, 0, 100)
    produce_raw(one, [(None, b"{")])
    ingest(one, postgres, graph)
    make_topic_anew(one)
    send(one, 100, 190)
    status = ingestion_status(one, postgres, graph)
    assert status.lag == 90
    assert status.topic_problem is not None

    ingest(one, postgres, graph)

    assert blocks(postgres) == list(range(190))
    assert rows(postgres, HOLES) == [(0, "topic_made_anew", 101, None)]
    totals = ingestion_status(one, postgres, graph).totals
    assert (totals.consumed, totals.stored, totals.duplicates, totals.dead) == (191, 190, 0, 1)


def test_a_topic_that_is_made_anew_under_a_running_consumer_is_read_without_a_restart(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    with reading(one, postgres, graph) as wait:
        send(one, 0, 100)
        wait(lambda: len(blocks(postgres)) == 100)
        make_topic_anew(one)
        send(one, 100, 190)
        wait(lambda: len(blocks(postgres)) == 190)
    assert rows(postgres, HOLES) == [(0, "topic_made_anew", 100, None)]


def test_a_topic_that_grew_longer_than_the_one_before_is_read_whole(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    with reading(one, postgres, graph) as wait:
        send(one, 0, 10)
        wait(lambda: len(blocks(postgres)) == 10)
        make_topic_anew(one)
        send(one, 10, 500)
        wait(lambda: len(blocks(postgres)) == 500)
    assert blocks(postgres) == list(range(500))


def test_a_refused_message_at_the_offset_of_an_older_one_is_kept_beside_it(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    produce_raw(one, [(None, b"{")])
    ingest(one, postgres, graph)
    make_topic_anew(one)
    produce_raw(one, [(None, b"[]")])
    ingest(one, postgres, graph)
    letters = "SELECT reason, published_at IS NOT NULL FROM dead_letters ORDER BY recorded_at"
    assert rows(postgres, letters) == [("not_json", True), ("not_object", True)]


def test_a_topic_that_is_missing_is_told_and_ends_no_consumer(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    with reading(one, postgres, graph) as wait:
        send(one, 0, 10)
        wait(lambda: len(blocks(postgres)) == 10)
        delete_topic(one)

        def told() -> bool:
            status = ingestion_status(one, postgres, graph)
            return status.lag is None and status.topic_problem is not None

        wait(told)
        ensure_topics(one)
        send(one, 10, 20)
        wait(lambda: len(blocks(postgres)) == 20)


def test_an_older_kafka_is_told_and_its_new_messages_are_no_replays(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    """The record is made to be further than Kafka, as after a backup of Kafka was put back."""
    send(one, 0, 50)
    ingest(one, postgres, graph)
    change(postgres, "UPDATE ingestion_state SET next_offset = 80")
    status = ingestion_status(one, postgres, graph)
    assert status.topic_problem is not None
    assert status.lag != 0

    send(one, 50, 60)
    produce_raw(one, [(None, b"{")])
    ingest(one, postgres, graph)

    assert blocks(postgres) == list(range(60))
    assert rows(postgres, HOLES) == [(0, "kafka_behind", 61, 80)]
    assert ask(postgres, "SELECT count(*) FROM dead_letters") == 1
    assert is_equal(postgres, graph)


def test_messages_are_counted_once_whatever_is_tried_again(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    send(one, 0, 40)
    produce_raw(one, [(None, b"{")] * 3)
    ingest(one, postgres, graph)
    admin(one).delete_consumer_groups([one.consumer_group])[one.consumer_group].result()
    ingest(one, postgres, graph)  # Kafka remembers no offset

    def totals() -> dict[str, Any]:
        return ingestion_status(one, postgres, graph).totals.model_dump()

    with consuming(one, postgres, graph) as alive:
        await_ingestion(one, postgres, graph, alive)
    assert totals() == {
        "consumed": 43,
        "stored": 40,
        "duplicates": 0,
        "dead": 3,
        "restated": 0,
        "retracted": 0,
    }
