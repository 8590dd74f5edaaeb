"""Whatever a message contains, it never ends the consumer: a refused batch is divided until it is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.domain import Retraction, Transfer
from app.operations.status import ingestion_status
from app.record.dead_letters import list_dead_letters
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.topics import ensure_topics
from tests.support.builders import transfer
from tests.support.content import is_equal
from tests.support.ingesting import ingest, produce_raw
from tests.support.serving import served

STORY = [transfer(n, 1 + n % 9, 10 + n % 7, 5, transfer_index=n % 3) for n in range(1, 301)]
START = datetime(2024, 1, 1, tzinfo=UTC)


def at_block(number: int) -> Transfer:
    return replace(STORY[0], block_number=number)


def test_a_transaction_mined_twice_and_retracted_twice_never_ends_the_consumer(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    ensure_topics(settings)
    first, second = at_block(10), at_block(20)
    gone = Retraction(first.chain, first.transaction_hash, first.asset, None, START)
    for events in (
        [first, gone, second, replace(gone, observed_at=START + timedelta(seconds=1))],
        [first, second],  # as one batch
    ):
        ingest(settings, postgres, graph, events)
    status = ingestion_status(settings, postgres, graph)
    assert (status.lag, status.totals.consumed) == (0, 6)
    assert is_equal(postgres, graph)


def refuse(postgres: Postgres, amounts: list[int]) -> None:
    """From here on PostgreSQL refuses transfers of these amounts, as it would a row that is too long."""
    with postgres.transaction() as connection:
        listed = ", ".join(str(amount) for amount in amounts)
        connection.execute(
            text(f"ALTER TABLE transactions ADD CONSTRAINT ck_test CHECK (amount NOT IN ({listed}))")
        )


def test_what_the_record_refuses_is_a_dead_letter_and_everything_else_is_stored(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    events = [replace(event, amount=1_000 + n) for n, event in enumerate(STORY)]
    refuse(postgres, [1_003, 1_004, 1_299])
    ingest(settings, postgres, graph, events)
    status = ingestion_status(settings, postgres, graph)
    assert status.dead_letters == {"not_storable": 3}
    assert (status.totals.consumed, status.totals.stored, status.lag) == (300, 297, 0)
    letters = list_dead_letters(postgres, reason="not_storable", limit=10).dead_letters
    assert all("ck_test" in letter.detail and "\n" not in letter.detail for letter in letters)
    assert all(letter.published_at is not None for letter in letters)
    assert status.alarm is None
    assert is_equal(postgres, graph)


def test_a_fault_that_hits_every_message_raises_the_alarm_and_a_good_message_ends_it(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    strict = settings.model_copy(update={"dead_letter_ceiling": 20, "batch_messages": 10})
    events = [replace(event, amount=7) for event in STORY[:25]]
    refuse(postgres, [7])
    ingest(strict, postgres, graph, events)
    alarm = ingestion_status(strict, postgres, graph).alarm
    assert alarm is not None
    assert (alarm.refused_in_a_row, alarm.ceiling, alarm.reason) == (25, 20, "not_storable")
    with served(strict, postgres, graph) as client:
        assert client.get("/ready").json()["alarm"]["refused_in_a_row"] == 25
        assert "aml_dead_letter_alarm 1.0" in client.get("/metrics").text
        ingest(strict, postgres, graph, [replace(STORY[0], amount=8)])
        assert client.get("/ready").json()["alarm"] is None
        assert "aml_dead_letter_alarm 0.0" in client.get("/metrics").text
    assert ingestion_status(strict, postgres, graph).alarm is None


def test_many_dead_letters_in_a_row_raise_the_alarm_and_stop_nothing(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    ensure_topics(settings)
    strict = settings.model_copy(update={"dead_letter_ceiling": 20, "batch_messages": 10})
    produce_raw(strict, [(b"k", b"{garbage")] * 19)
    ingest(strict, postgres, graph)
    assert ingestion_status(strict, postgres, graph).alarm is None
    good = STORY[0]
    produce_raw(strict, [(b"k", b"{garbage")] * 81 + [(good.message_key.encode(), encode(good))])
    produce_raw(strict, [(b"k", b"{garbage")] * 20)
    ingest(strict, postgres, graph)
    status = ingestion_status(strict, postgres, graph)
    assert (status.totals.stored, status.dead_letters) == (1, {"not_json": 120})
