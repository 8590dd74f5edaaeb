"""From Kafka into both stores: once, whole, whatever arrives."""

import random
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

from confluent_kafka import Consumer
from sqlalchemy import text

from app.operations.status import ingestion_status
from app.projection.schema import prepare, wipe
from app.record.identity import record_id
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.kafka import client_options
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.producer import produce_file
from ingest.kafka.topics import ensure_topics
from tests.support.builders import FACTS, story
from tests.support.content import is_equal, record_digest
from tests.support.ingesting import ingest, messages_in_topic, produce_raw


def content(postgres: Postgres, graph: Graph) -> tuple[object, bool]:
    return record_digest(postgres), is_equal(postgres, graph)


def test_a_story_arrives_in_both_stores_and_they_are_equal(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    ingest(settings, postgres, graph, story().transfers)
    assert is_equal(postgres, graph)
    status = ingestion_status(settings, postgres, graph)
    assert (status.totals.consumed, status.totals.stored, status.totals.dead) == (1_500, 1_500, 0)
    assert status.graph.transfers == 1_500


def test_every_combination_of_optional_fields_goes_from_a_file_into_the_record(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    combinations = product((True, False), repeat=len(FACTS))
    events = [
        replace(t, **{name: FACTS[name] for name, has_it in zip(FACTS, chosen, strict=True) if has_it})
        for t, chosen in zip(story().transfers, combinations, strict=False)
    ]
    assert len(events) == 64
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(encode(event) + b"\n" for event in events))

    report = produce_file(path, settings)
    assert (report.delivered, report.invalid) == (64, 0)
    ingest(settings, postgres, graph)

    columns = ", ".join(("transaction_hash", "transfer_index", *FACTS))
    with postgres.transaction() as connection:
        rows = connection.execute(text(f"SELECT {columns} FROM transactions"))  # noqa: S608
        assert {tuple(row) for row in rows} == {
            (t.transaction_hash, t.transfer_index, *(getattr(t, name) for name in FACTS)) for t in events
        }
    assert is_equal(postgres, graph)


def test_replaying_the_whole_topic_changes_no_count_and_no_digest(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    ingest(settings, postgres, graph, story().transfers)
    before = content(postgres, graph)
    again = settings.model_copy(update={"consumer_group": f"{settings.consumer_group}-again"})
    with postgres.transaction() as connection:
        connection.execute(text("UPDATE ingestion_state SET next_offset = 0"))

    ingest(again, postgres, graph)

    assert content(postgres, graph) == before
    status = ingestion_status(settings, postgres, graph)
    assert status.totals.stored == 1_500
    assert status.totals.duplicates == messages_in_topic(settings) == 1_500


def test_shuffled_and_repeated_transfers_give_the_same_digests(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    transfers = story().transfers
    ingest(settings, postgres, graph, transfers)
    before = content(postgres, graph)
    with postgres.transaction() as connection:
        connection.execute(
            text("TRUNCATE transactions, flows, pools, wallets, assets, batches, ingestion_state")
        )
        identity = record_id(connection)
    wipe(graph)
    prepare(graph, identity)
    shuffled = [*transfers, *transfers[::7]]
    random.Random(4).shuffle(shuffled)
    topic = {"transfers_topic": f"{settings.transfers_topic}-shuffled", "batch_messages": 100}

    ingest(settings.model_copy(update=topic), postgres, graph, shuffled)

    assert content(postgres, graph) == before


def test_poison_goes_to_the_dead_letters_with_its_reason_and_everything_else_is_stored(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    ensure_topics(settings)
    *good, spoilt = story().transfers[:51]
    line, sender = encode(spoilt), spoilt.sender
    mixed_case = sender[:-1] + sender[-1].swapcase() if sender[-1].isalpha() else "0x" + "aB" * 20
    poison: dict[str, list[bytes | None]] = {
        "empty": [b""],
        "foreign_tombstone": [None],
        "not_json": [b"{", b"\xff\xfe", b"NaN"],
        "too_large": [b'{"a":' * 20_000],
        "not_object": [b"[]", b"7"],
        "wrong_version": [line.replace(b'"schema_version":1', b'"schema_version":2')],
        "unknown_field": [line.replace(b'"chain"', b'"colour":"red","chain"')],
        "bad_amount": [
            line.replace(f'"{spoilt.amount}"'.encode(), f'"{amount}"'.encode())
            for amount in ("-5", "9" * 300)
        ],
        "bad_checksum": [line.replace(sender.encode(), mixed_case.encode())],
        "conflict": [encode(replace(good[0], amount=good[0].amount + 1))],
    }
    produce_raw(settings, [(None, encode(t)) for t in good])
    produce_raw(settings, [(good[0].message_key.encode(), m) for ms in poison.values() for m in ms])
    ingest(settings, postgres, graph)

    expected = Counter({reason: len(messages) for reason, messages in poison.items()})
    assert ingestion_status(settings, postgres, graph).dead_letters == dict(expected)
    with postgres.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM transactions")).scalar_one() == len(good)
        unpublished = text("SELECT count(*) FROM dead_letters WHERE published_at IS NULL")
        assert connection.execute(unpublished).scalar_one() == 0
    assert Counter(reasons_on_the_dead_topic(settings, expected.total())) == expected


def reasons_on_the_dead_topic(settings: Settings, count: int) -> list[str]:
    consumer = Consumer(
        {
            **client_options(settings, "admin"),
            "group.id": f"{settings.consumer_group}-dead",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([settings.dead_letter_topic])
    messages = consumer.consume(count, 30)
    consumer.close()
    headers = [dict(message.headers() or []) for message in messages]
    assert all(h["original_topic"] == settings.transfers_topic.encode() for h in headers)
    return [h["reason"].decode() for h in headers]
