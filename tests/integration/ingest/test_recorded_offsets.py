"""The record alone decides where reading begins, and a message is counted once."""

from typing import Any

from app.operations.status import ingestion_status
from app.projection.schema import prepare, wipe
from app.record.identity import record_id
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import story
from tests.support.ingesting import await_ingestion, consuming, ingest, produce_raw, reading
from tests.support.record import ask, change, rows
from tests.support.topics import HOLES, admin, blocks, retain, send

TABLES = ("ingestion_state", "batches", "transactions", "flows", "pools", "wallets", "assets", "counts")
BACKUP = "".join(f"CREATE TABLE saved_{name} AS TABLE {name};" for name in TABLES)
RESTORE = "".join(
    f"TRUNCATE {name}; INSERT INTO {name} OVERRIDING SYSTEM VALUE TABLE saved_{name};" for name in TABLES
)


def test_an_older_backup_of_the_record_is_read_on_from_where_it_ends(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    transfers = story().transfers
    ingest(settings, postgres, graph, transfers[:1_000])
    change(postgres, BACKUP, None)
    ingest(settings, postgres, graph, transfers[1_000:])
    change(postgres, RESTORE, None)
    assert ask(postgres, "SELECT count(*) FROM transactions") == 1_000
    with postgres.transaction() as connection:
        identity = record_id(connection)
    wipe(graph)
    prepare(graph, identity)

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
        change(postgres, BACKUP, None)
        send(one, 30, 60)
        wait(lambda: len(blocks(postgres)) == 60)
        change(postgres, RESTORE, None)
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


def test_a_new_record_begins_with_what_kafka_has_and_tells_no_hole(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    send(one, 0, 30)
    retain(one, 20)
    ingest(one, postgres, graph)
    assert blocks(postgres) == list(range(20, 30))
    assert rows(postgres, HOLES) == []


def test_messages_are_counted_once_whatever_is_tried_again(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    send(one, 0, 40)
    produce_raw(one, [(None, b"{")] * 3)
    ingest(one, postgres, graph)
    client = admin(one)
    client.delete_consumer_groups([one.consumer_group])[one.consumer_group].result()
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
        "out_of_order": 0,
    }


def test_a_record_of_before_the_ids_takes_the_topic_for_its_own(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    send(one, 0, 10)
    ingest(one, postgres, graph)
    change(postgres, "UPDATE ingestion_state SET topic_id = NULL", None)
    send(one, 10, 20)
    ingest(one, postgres, graph)
    assert blocks(postgres) == list(range(20))
    assert rows(postgres, HOLES) == []
    assert rows(postgres, "SELECT series, topic_id IS NULL FROM ingestion_state") == [(1, False)]
