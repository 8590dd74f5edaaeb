"""Messages that could not be read are told until somebody has seen it."""

import pytest
from sqlalchemy import text

from app.operations.status import ingestion_status
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.kafka_offsets import partition_offsets
from app.stores.postgres import Postgres
from tests.support.commands import aml_json
from tests.support.content import is_equal
from tests.support.ingesting import ingest, produce_raw, reading, wait_until
from tests.support.record import ask, change, rows
from tests.support.serving import served
from tests.support.topics import HOLES, blocks, retain, send


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
            # The consumer waits here with what it has fetched, 32 MiB at most, while retention overtakes it.
            connection.execute(text("SELECT 1 FROM ingestion_state FOR UPDATE"))
            produce_raw(one, [(None, b"7" * 64_000)] * 800)
            wait_until(lambda: partition_offsets(one)[0].end == 810)
            retain(one, 805)
        send(one, 810, 815)
        wait(lambda: len(blocks(postgres)) == 15)
    ((partition, reason, first, end),) = rows(postgres, HOLES)
    assert (partition, reason, end) == (0, "retention", 805)
    assert 10 < first < 805
    refused = 'SELECT "offset" FROM dead_letters ORDER BY 1'
    assert [offset for (offset,) in rows(postgres, refused)] == [*range(10, first), *range(805, 810)]


def test_an_older_kafka_is_told_and_its_new_messages_are_no_replays(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    """The record is made to be further than Kafka, as after a backup of Kafka was put back."""
    send(one, 0, 50)
    ingest(one, postgres, graph)
    change(postgres, "UPDATE ingestion_state SET next_offset = 80", None)
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


@pytest.mark.usefixtures("commands")
def test_a_hole_is_an_alarm_everywhere_until_somebody_has_seen_it(
    one: Settings, postgres: Postgres, graph: Graph
) -> None:
    send(one, 0, 10)
    ingest(one, postgres, graph)
    for first, end in ((15, 20), (25, 30)):
        send(one, first - 5, end)
        retain(one, first)
        ingest(one, postgres, graph)
    with served(one, postgres, graph) as client:
        ready = client.get("/ready")
        assert (ready.status_code, ready.json()["hole_alarm"]["unseen"]) == (200, 2)
        metrics = client.get("/metrics").text
        assert "aml_holes_unseen 2.0" in metrics
        assert "aml_hole_messages 10.0" in metrics
        assert "aml_topic_problem 0.0" in metrics
        assert 'data-holes="2"' in client.get("/ingestion", headers={"Accept": "text/html"}).text

        newest, oldest = aml_json("holes", "list")["holes"]
        assert (oldest["from_offset"], oldest["to_offset"], oldest["reason"]) == (10, 15, "retention")
        assert aml_json("holes", "seen", str(oldest["hole_id"])) == {"seen": 1}
        assert [hole["hole_id"] for hole in client.get("/v1/ingestion/holes").json()["holes"]] == [
            newest["hole_id"]
        ]
        body = {"hole_ids": [newest["hole_id"]]}
        assert client.post("/v1/ingestion/holes/seen", json=body).json() == {"seen": 1}
        assert client.post("/v1/ingestion/holes/seen", json=body).json() == {"seen": 0}
        assert client.post("/v1/ingestion/holes/seen", json={"hole_ids": [77]}).status_code == 404
        assert client.get("/ready").json()["hole_alarm"] is None
        assert "aml_holes_unseen 0.0" in client.get("/metrics").text
    assert len(aml_json("holes", "list", "--all")["holes"]) == 2
