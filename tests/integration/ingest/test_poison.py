"""Bad messages among good ones: each is refused with its reason, and all the others are stored.

`AML_POISON_MESSAGES=100000` (`make test-poison`) is the long form.
"""

import os
import random
from collections import Counter

from sqlalchemy import text

from app.operations.status import ingestion_status
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.reasons import REASONS
from ingest.contract.transfer import encode
from ingest.kafka.topics import ensure_topics
from ingest.record.writer import STORED_PAYLOAD_BYTES
from tests.support.builders import story
from tests.support.content import is_equal
from tests.support.ingesting import ingest, produce_raw
from tests.support.poison import KINDS, poison

MESSAGES = int(os.environ.get("AML_POISON_MESSAGES", "5000"))
_DEAD = text("SELECT reason, message_key, payload, payload_bytes FROM dead_letters")


def test_one_percent_of_poison_is_set_aside_with_its_reasons_and_the_rest_is_stored(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    bad_count = MESSAGES // 100
    good = story(wallets=max(300, MESSAGES // 3), transfers=MESSAGES - bad_count).transfers
    bad = list(poison(good, bad_count))
    stream = [(event.message_key.encode(), encode(event)) for event in good]
    place = random.Random(7).randint
    for _, key, payload in bad:  # a conflict comes after what it is in conflict with
        stream.insert(place(len(good) // 2, len(stream)), (key, payload))
    assert {reason for reason, _, _ in bad} == REASONS.keys()
    assert len({payload for _, _, payload in bad}) >= 15

    ensure_topics(settings)
    produce_raw(settings, stream)
    ingest(settings, postgres, graph)

    with postgres.transaction() as connection:
        found = Counter(
            (row.reason, bytes(row.message_key), bytes(row.payload), row.payload_bytes)
            for row in connection.execute(_DEAD)
        )
        stored = text("SELECT count(*), count(DISTINCT transaction_hash || transfer_index) FROM transactions")
        assert connection.execute(stored).one() == (len(good), len(good))
    assert found == Counter(
        (reason, key, (payload or b"")[:STORED_PAYLOAD_BYTES], len(payload or b""))
        for reason, key, payload in bad
    )
    status = ingestion_status(settings, postgres, graph)
    assert status.dead_letters == Counter(reason for reason, _, _ in bad)
    assert (status.totals.consumed, status.totals.dead) == (MESSAGES, bad_count)
    assert is_equal(postgres, graph)


def test_there_is_poison_for_every_reason() -> None:
    assert KINDS.keys() == REASONS.keys()
