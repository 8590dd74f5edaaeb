"""One batch of messages into the record, in one transaction: facts, pools, dead letters, offsets."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from app.domain import Retraction, Transfer
from app.errors import InvalidEvent
from app.record.counts import REFUSED
from app.stores.locks import Lock, acquire_shared
from ingest.contract.reasons import REASONS
from ingest.faults import fault_point
from ingest.instruments import name_batch
from ingest.record.accounting import account_batch
from ingest.record.block_times import out_of_order
from ingest.record.changes import Changes
from ingest.record.counts import add_counts
from ingest.record.dead_letters import STORED_PAYLOAD_BYTES, store_dead_letters
from ingest.record.duplicates import store_duplicates
from ingest.record.facts import lock_assets, store_events
from ingest.record.refusals import count_refusals
from ingest.record.said.sayers import sayers

# A batch knows the keys of all that it reads, and looks them up in indexes. The planner would read all pools
# of a record of some hundred thousand for each full batch: it thinks look-ups dearer than they are in memory.
LOOK_UP = text("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
NEXT_BATCH = text("SELECT nextval('batch_ids')")
ADD_BATCH = text("""
    INSERT INTO batches (batch_id, stored, duplicates, dead, restated, retracted)
    VALUES (:batch_id, :stored, :duplicates, :dead, :restated, :retracted)
""")
_ADVANCE = text("""
    INSERT INTO ingestion_state AS s
        (topic, partition, series, next_offset, consumed, stored, duplicates, dead, duplicates_from)
    VALUES
        (:topic, :partition, :series, :next_offset, :consumed, :stored, :duplicates, :dead, :duplicates_from)
    ON CONFLICT (topic, partition, series) DO UPDATE SET
        next_offset = EXCLUDED.next_offset, consumed = s.consumed + EXCLUDED.consumed,
        stored = s.stored + EXCLUDED.stored, duplicates = s.duplicates + EXCLUDED.duplicates,
        dead = s.dead + EXCLUDED.dead, updated_at = clock_timestamp(),
        duplicates_from = coalesce(s.duplicates_from, EXCLUDED.duplicates_from)
""")


@dataclass(frozen=True, slots=True)
class DecodedMessage:
    """A Kafka message and its event, or why it is none; `series` is that of its offset in the record.

    `import_id` names the import that sent it, None of a producer.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    payload: bytes | None
    event: Transfer | Retraction | InvalidEvent
    series: int = 1
    import_id: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenBatch:
    """How many of a batch's messages had which outcome; `dead` are the refused ones with their reasons.

    `refused_in_a_row` are all messages since the last good one, also of earlier batches.
    """

    batch_id: int
    messages: int
    stored: int
    duplicates: int
    restated: int
    retracted: int
    dead: list[tuple[DecodedMessage, InvalidEvent]]
    refused_in_a_row: int


def write_batch(connection: Connection, messages: Sequence[DecodedMessage]) -> WrittenBatch:
    """Writes a batch. Messages that are recorded already, as after a crash, change no fact and no pool."""
    acquire_shared(connection, Lock.INGEST)
    connection.execute(LOOK_UP)
    import_numbers, undone = sayers(connection, [message.import_id for message in messages])
    events = [
        (i, m.event)
        for i, m in enumerate(messages)
        if not isinstance(m.event, InvalidEvent) and i not in undone
    ]
    asset_ids = lock_assets(connection, (event for _, event in events))
    batch_id: int = connection.execute(NEXT_BATCH).scalar_one()
    name_batch(batch_id)
    changes = store_events(connection, batch_id, events, asset_ids, import_numbers)
    restated = account_batch(connection, batch_id, changes) + len(changes.counted - changes.new.keys())
    if restated:
        fault_point("during_restatement")
    outcomes = _outcomes(messages, changes)
    dead = [
        (message, outcome)
        for message, outcome in zip(messages, outcomes, strict=True)
        if isinstance(outcome, InvalidEvent)
    ]
    counts = Counter(outcome for outcome in outcomes if isinstance(outcome, str))
    batch = WrittenBatch(
        batch_id,
        len(messages),
        counts["stored"],
        counts["duplicates"],
        restated,
        changes.taken_back,
        dead,
        count_refusals(connection, outcomes),
    )
    connection.execute(
        ADD_BATCH,
        {
            "batch_id": batch_id,
            "stored": batch.stored,
            "duplicates": batch.duplicates,
            "dead": len(dead),
            "restated": restated,
            "retracted": batch.retracted,
        },
    )
    refused = store_dead_letters(connection, [_dead_letter(message, error) for message, error in dead])
    connection.execute(_ADVANCE, _partition_counts(messages, outcomes))
    if batch.duplicates:
        store_duplicates(
            connection,
            (
                ((message.topic, message.partition, message.series), message.offset, outcome == "duplicates")
                for message, outcome in zip(messages, outcomes, strict=True)
            ),
        )
    grown = Counter({"wallets": changes.new_wallets, "restated": restated, "retracted": batch.retracted})
    stored = (event for position, event in events if position in changes.stored)
    grown["out_of_order"] = out_of_order(event for event in stored if isinstance(event, Transfer))
    grown.update(f"{REFUSED}{reason}" for reason in refused)
    add_counts(connection, grown)
    return batch


def _outcomes(messages: Sequence[DecodedMessage], changes: Changes) -> list[str | InvalidEvent]:
    conflict = InvalidEvent("conflict", REASONS["conflict"])

    def outcome(position: int, message: DecodedMessage) -> str | InvalidEvent:
        if isinstance(message.event, InvalidEvent):
            return message.event
        if position in changes.conflicts:
            return conflict
        if position not in changes.stored:
            return "duplicates"
        return "retractions" if isinstance(message.event, Retraction) else "stored"

    return [outcome(position, message) for position, message in enumerate(messages)]


def _dead_letter(message: DecodedMessage, error: InvalidEvent) -> dict[str, Any]:
    payload = message.payload or b""
    return {
        "topic": message.topic,
        "partition": message.partition,
        "series": message.series,
        "offset": message.offset,
        "reason": error.reason,
        "detail": str(error),
        "message_key": message.key,
        "payload": payload[:STORED_PAYLOAD_BYTES],
        "payload_bytes": len(payload),
    }


def _partition_counts(
    messages: Sequence[DecodedMessage], outcomes: Sequence[str | InvalidEvent]
) -> list[dict[str, Any]]:
    """What each partition adds to its row of `ingestion_state`."""
    next_offset = {(m.topic, m.partition, m.series): m.offset + 1 for m in messages}
    first_offset = {(m.topic, m.partition, m.series): m.offset for m in reversed(messages)}
    counts: dict[tuple[str, int, int], Counter[str]] = defaultdict(Counter)
    names = (outcome if isinstance(outcome, str) else "dead" for outcome in outcomes)
    partitions = ((m.topic, m.partition, m.series) for m in messages)
    for (origin, name), count in Counter(zip(partitions, names, strict=True)).items():
        counts[origin][name] = count
    return [
        {
            "topic": topic,
            "partition": partition,
            "series": series,
            "next_offset": next_offset[topic, partition, series],
            "consumed": counted.total(),
            "stored": counted["stored"],
            "duplicates": counted["duplicates"],
            "dead": counted["dead"],
            "duplicates_from": first_offset[topic, partition, series],
        }
        for (topic, partition, series), counted in sorted(counts.items())
    ]
