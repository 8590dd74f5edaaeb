"""Refused messages are listed, shown and sent again, and each is judged anew."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from app.errors import InvalidInput, NotFound
from app.record.dead_letters import list_dead_letters
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.dead_letters import DeadLetterProducer
from ingest.kafka.replay import (
    Replay,
    find_dead_letter,
    parse_origin,
    replay_all,
    replay_one,
)
from ingest.kafka.topics import ensure_topics
from tests.support.builders import transfer
from tests.support.commands import aml, aml_json
from tests.support.ingesting import ingest, messages_in_topic, produce_raw

GOOD = transfer(10, 1, 2, 1_000)
CONFLICT = encode(replace(GOOD, amount=GOOD.amount + 1))
NO_JSON = b'{"\x1b[31m\xff'
TOO_LARGE = b"7" * 70_000


@pytest.fixture
def refused(settings: Settings, postgres: Postgres, graph: Graph) -> Settings:
    """A record with one transfer, a conflict with it, a message that is no JSON and one that is too large."""
    ensure_topics(settings)
    key = GOOD.message_key.encode()
    produce_raw(settings, [(key, payload) for payload in (encode(GOOD), CONFLICT, NO_JSON, TOO_LARGE)])
    ingest(settings, postgres, graph)
    return settings


def origins(postgres: Postgres) -> dict[str, str]:
    """Origin by reason."""
    found = list_dead_letters(postgres, reason=None, limit=10).dead_letters
    return {letter.reason: letter.origin for letter in found}


@pytest.mark.usefixtures("commands")
def test_refused_messages_are_listed_by_reason_and_shown_with_their_bytes(
    refused: Settings, postgres: Postgres
) -> None:
    everything = aml_json("dead-letters", "list")["dead_letters"]
    assert {letter["reason"] for letter in everything} == {"conflict", "not_json", "too_large"}
    one = aml_json("dead-letters", "list", "--limit", "1")
    assert len(one["dead_letters"]) == 1
    assert one["refused_by_reason"] == {"conflict": 1, "not_json": 1, "too_large": 1}
    (letter,) = aml_json("dead-letters", "list", "--reason", "conflict")["dead_letters"]
    assert letter["origin"].startswith(f"{refused.transfers_topic}/")
    assert letter["published_at"] is not None
    assert letter["replayed_at"] is None

    shown = find_dead_letter(postgres, parse_origin(letter["origin"]))
    assert shown.payload == CONFLICT
    assert aml_json("dead-letters", "show", letter["origin"])["key"] == GOOD.message_key
    plain = aml("dead-letters", "show", origins(postgres)["not_json"])
    assert "\\x1b[31m\\xff" in plain  # a terminal obeys nothing of it


@pytest.mark.usefixtures("commands")
def test_a_replayed_message_is_stored_when_nothing_is_in_its_way_any_more(
    refused: Settings, postgres: Postgres, graph: Graph
) -> None:
    with postgres.transaction() as connection:  # as if a retraction had come
        connection.execute(text("UPDATE transactions SET retracted_batch_id = batch_id"))
    assert aml_json("dead-letters", "replay", "--reason", "conflict") == {"replayed": 1, "truncated": 0}
    ingest(refused, postgres, graph)
    with postgres.transaction() as connection:
        stored = text("SELECT amount FROM transactions WHERE retracted_batch_id IS NULL")
        assert connection.execute(stored).scalars().all() == [GOOD.amount + 1]
        replayed = text("SELECT reason FROM dead_letters WHERE replayed_at IS NOT NULL")
        assert connection.execute(replayed).scalars().all() == ["conflict"]
    assert aml_json("dead-letters", "replay", "--reason", "conflict") == {"replayed": 0, "truncated": 0}


def test_a_replayed_message_that_is_still_wrong_is_refused_again_with_its_new_place(
    refused: Settings, postgres: Postgres, graph: Graph
) -> None:
    before = messages_in_topic(refused)
    done = replay_all(refused, postgres, reason=None)
    assert (done.replayed, done.truncated) == (2, 1)
    assert messages_in_topic(refused) == before + 2
    ingest(refused, postgres, graph)
    letters = list_dead_letters(postgres, reason=None, limit=10).dead_letters
    assert sorted(letter.reason for letter in letters) == [
        "conflict", "conflict", "not_json", "not_json", "too_large",
    ]  # fmt: skip


def test_a_replay_goes_page_by_page_and_never_sends_what_is_refused_meanwhile(
    refused: Settings, postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.kafka.replay.PAGE_MESSAGES", 1)
    before, told = messages_in_topic(refused), []

    def progress(sent: int, total: int) -> None:
        told.append((sent, total))
        ingest(refused, postgres, graph)  # each comes back refused before the next page is read

    assert replay_all(refused, postgres, reason=None, progress=progress) == Replay(2, 1)
    assert told == [(1, 2), (2, 2)]
    assert messages_in_topic(refused) == before + 2


def test_what_the_record_holds_only_in_part_is_not_replayed(refused: Settings, postgres: Postgres) -> None:
    before = messages_in_topic(refused)
    with pytest.raises(InvalidInput, match="70000 bytes"):
        replay_one(refused, postgres, parse_origin(origins(postgres)["too_large"]))
    assert messages_in_topic(refused) == before


def test_an_origin_that_is_none_and_one_that_is_not_there_are_told_apart(postgres: Postgres) -> None:
    with pytest.raises(InvalidInput, match="TOPIC/PARTITION/OFFSET"):
        parse_origin("transfers/x/1")
    with pytest.raises(NotFound, match="transfers/0/1"):
        find_dead_letter(postgres, parse_origin("transfers/0/1"))


def test_what_a_crash_left_unpublished_is_published_at_the_next_start(
    refused: Settings, postgres: Postgres
) -> None:
    with postgres.transaction() as connection:
        letters = connection.execute(text("UPDATE dead_letters SET published_at = NULL")).rowcount
    producer = DeadLetterProducer(refused, postgres)
    producer.publish_pending()
    producer.close()
    with postgres.transaction() as connection:
        published = connection.execute(text("SELECT count(published_at) FROM dead_letters")).scalar_one()
    assert (letters, published) == (3, 2)  # the third is too large for the record to hold it whole
