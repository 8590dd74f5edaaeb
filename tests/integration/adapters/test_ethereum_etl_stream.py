"""ethereum-etl's stream on topics of its own becomes transfers, however often its adapter is killed."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from threading import Event
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.kafka import client_options
from app.stores.postgres import Postgres
from ingest.adapters.ethereum_etl_stream import adapt
from ingest.kafka.topics import ensure_topics
from tests.support.environment import environment
from tests.support.ingesting import ingest, messages_in_topic, wait_until
from tests.support.record import rows

KILLS = int(os.environ.get("AML_IMPORT_KILLS", "2"))
BLOCKS = max(60, 2 * KILLS)
"""So that each time before a kill some block becomes complete."""
KILLED_AFTER_SECONDS = 15.0
"""Where nothing can be published before more of the stream comes."""
ALICE, BOB, TOKEN = ("0x" + digits * 20 for digits in ("a1", "b0", "c4"))
Sent = tuple[str, dict[str, Any]]


def items(blocks: int) -> Iterator[Sent]:
    """(kind, item) of a stream: a payment, a token transfer and two calls a block, one transaction failed."""
    for block in range(5_000_000, 5_000_000 + blocks):
        time = {"block_number": block, "block_timestamp": 1_517_319_693 + block}
        paid, failed = (f"0x{block:062x}{kind:02x}" for kind in (1, 2))
        yield "blocks", {"type": "block", "number": block, "timestamp": time["block_timestamp"], "hash": paid}
        for place, (transaction, status) in enumerate([(paid, 1), (failed, 0)]):
            moved = {"from_address": ALICE, "to_address": BOB, "value": 10**24, "receipt_status": status}
            where = {"hash": transaction, "nonce": place, "transaction_index": place}
            yield "transactions", {"type": "transaction", **where, **moved, **time}
        moved = {"from_address": BOB, "to_address": ALICE, "value": "7", "token_address": TOKEN}
        where = {"transaction_hash": paid, "log_index": 3}
        yield "token_transfers", {"type": "token_transfer", **where, **moved, **time}
        for number in (1, 0):
            call = {"trace_type": "call", "call_type": "call", "trace_address": [number], "status": 1}
            moved = {"from_address": BOB, "to_address": ALICE, "value": 5 + number}
            where = {"transaction_hash": paid, "transaction_index": 0}
            yield "traces", {"type": "trace", **call, **moved, **where, **time}


@pytest.fixture
def topics(settings: Settings) -> dict[str, str]:
    """Topics of their own, of two partitions each."""
    ensure_topics(settings)
    names = {
        kind: f"{kind}-{uuid4().hex[:8]}" for kind in ("blocks", "transactions", "token_transfers", "traces")
    }
    admin = AdminClient(client_options(settings, "admin"))
    created = admin.create_topics([NewTopic(name, 2, 1) for name in names.values()], operation_timeout=30)
    for future in created.values():
        future.result()
    return names


def send(settings: Settings, topics: dict[str, str], sent: list[Sent], r: random.Random) -> None:
    """As ethereum-etl sends, without keys: any partition."""
    producer = Producer(client_options(settings, "admin"))
    for kind, item in sent:
        producer.produce(topics[kind], json.dumps(item).encode(), partition=r.randrange(2))
        producer.poll(0)
    assert producer.flush(60) == 0


def expected(blocks: int) -> list[tuple[str, int]]:
    """(amount, transfer_index) of everything that moved."""
    return sorted([(str(10**24), 0), ("7", 4), ("5", 32_768), ("6", 32_769)] * blocks)


def recorded(postgres: Postgres) -> list[tuple[str, int]]:
    found = rows(postgres, "SELECT amount::text, transfer_index FROM transactions")
    return sorted((row[0], row[1]) for row in found)


def test_a_stream_is_published_once_and_is_read_on_where_it_was(
    settings: Settings, postgres: Postgres, graph: Graph, topics: dict[str, str]
) -> None:
    r = random.Random(1)
    first, rest = list(items(10)), list(items(BLOCKS))[len(list(items(10))) :]
    send(settings, topics, [*first, ("blocks", {"type": "order", "id": 7})], r)
    skipped = adapt(settings, postgres, [*topics.values()], "ethereum", Event(), once=True)
    assert dict(skipped) == {"failed": 10, "other_event": 1}
    published = messages_in_topic(settings)
    adapt(settings, postgres, [*topics.values()], "ethereum", Event(), once=True)
    assert messages_in_topic(settings) == published == 40
    send(settings, topics, rest, r)
    adapt(settings, postgres, [*topics.values()], "ethereum", Event(), once=True)
    ingest(settings, postgres, graph)
    assert recorded(postgres) == expected(BLOCKS)
    assert rows(postgres, "SELECT count(*) FROM dead_letters") == [(0,)]


def test_a_stream_whose_adapter_is_killed_loses_nothing_and_doubles_nothing(
    settings: Settings, postgres: Postgres, graph: Graph, topics: dict[str, str]
) -> None:
    r = random.Random(2)
    sent = list(items(BLOCKS))
    names = [word for name in topics.values() for word in ("--topic", name)]
    command = [sys.executable, "-m", "app.cli", "adapt", "ethereum-etl", *names]
    for kill in range(KILLS):
        part = sent[kill * len(sent) // KILLS : (kill + 1) * len(sent) // KILLS]
        send(settings, topics, part, r)
        before = messages_in_topic(settings)
        with subprocess.Popen(
            command, env={**os.environ, **environment(settings)}, stderr=subprocess.DEVNULL
        ) as child:
            wanted, end = before + r.randrange(1, 4), monotonic() + KILLED_AFTER_SECONDS
            wait_until(
                lambda: (
                    child.poll() is not None or messages_in_topic(settings) >= wanted or monotonic() > end  # noqa: B023
                )
            )
            assert child.poll() is None
            child.send_signal(signal.SIGKILL)
    adapt(settings, postgres, [*topics.values()], "ethereum", Event(), once=True)
    ingest(settings, postgres, graph)
    assert recorded(postgres) == expected(BLOCKS)
    assert rows(postgres, "SELECT count(*) FROM dead_letters") == [(0,)]
