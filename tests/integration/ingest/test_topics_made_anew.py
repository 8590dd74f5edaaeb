"""A topic that is made anew is a new one: read from its start, at once, beside what was there before."""

import pytest
from confluent_kafka.admin import NewPartitions  # type: ignore[attr-defined] # it is public

from app.operations.status import ingestion_status
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.instruments import PARTITIONS
from ingest.kafka.topics import ensure_topics
from tests.support.commands import aml_json
from tests.support.ingesting import consuming, ingest, produce_raw, reading
from tests.support.record import rows
from tests.support.serving import served
from tests.support.topics import HOLES, admin, blocks, delete_topic, make_topic_anew, messages_of, send


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
        with served(one, postgres, graph) as client:
            assert client.get("/ready").json()["topic_missing"] is True
            assert "aml_consumer_lag_messages{" not in client.get("/metrics").text
            assert "aml_topic_problem 1.0" in client.get("/metrics").text
        ensure_topics(one)
        send(one, 10, 20)
        wait(lambda: len(blocks(postgres)) == 20)


def test_a_topic_that_comes_back_after_its_partitions_were_taken_is_read(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    with reading(one, postgres, graph) as wait:
        send(one, 0, 10)
        wait(lambda: len(blocks(postgres)) == 10)
        delete_topic(one)
        wait(lambda: PARTITIONS._value.get() == 0)
        ensure_topics(one)
        send(one, 10, 20)
        wait(lambda: len(blocks(postgres)) == 20)
    assert rows(postgres, HOLES) == [(0, "topic_made_anew", 10, None)]


@pytest.mark.usefixtures("commands")
def test_an_origin_names_the_newest_message_and_its_series_an_older_one(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    origin = f"{one.transfers_topic}/0/0"
    produce_raw(one, [(None, b"{")])
    ingest(one, postgres, graph)
    assert [each["origin"] for each in aml_json("dead-letters", "list")["dead_letters"]] == [origin]
    make_topic_anew(one)
    produce_raw(one, [(None, b"[]")])
    ingest(one, postgres, graph)
    listed = {each["origin"]: each["reason"] for each in aml_json("dead-letters", "list")["dead_letters"]}
    assert listed == {f"{origin}/1": "not_json", f"{origin}/2": "not_object"}
    shown = {name: aml_json("dead-letters", "show", name)["reason"] for name in (origin, *listed)}
    assert shown == {origin: "not_object", **listed}
    assert aml_json("dead-letters", "replay", f"{origin}/1")["replayed"] == 1
    replayed = "SELECT series FROM dead_letters WHERE replayed_at IS NOT NULL"
    assert rows(postgres, replayed) == [(1,)]


def test_a_partition_that_is_added_is_read_from_its_start_and_two_consumers_share_a_topic_made_anew(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    with reading(one, postgres, graph) as wait, consuming(one, postgres, graph):
        send(one, 0, 10)
        wait(lambda: len(blocks(postgres)) == 10)
        client = admin(one)
        for made in client.create_partitions([NewPartitions(one.transfers_topic, 2)]).values():
            made.result()
        produce_raw(one, messages_of(range(10, 60)))
        wait(lambda: len(blocks(postgres)) == 60)
        make_topic_anew(one)
        client = admin(one)
        for made in client.create_partitions([NewPartitions(one.transfers_topic, 2)]).values():
            made.result()
        produce_raw(one, messages_of(range(60, 110)))
        wait(lambda: len(blocks(postgres)) == 110)
    assert blocks(postgres) == list(range(110))
    told = rows(postgres, "SELECT partition, reason FROM holes ORDER BY partition")
    assert told == [(0, "topic_made_anew"), (1, "topic_made_anew")]
    status = ingestion_status(one, postgres, graph)
    assert (status.totals.consumed, status.totals.duplicates, status.lag) == (110, 0, 0)
