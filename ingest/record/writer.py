"""One batch of messages into the record, in one transaction: facts, pools, dead letters, offsets."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text

from app.domain import Retraction, Transfer
from app.errors import InvalidEvent
from app.stores.locks import Lock, acquire_shared
from ingest.contract.transfer import REASONS
from ingest.faults import reach
from ingest.instruments import name_batch
from ingest.record.accounting import account_batch
from ingest.record.facts import Changes, claim_assets, retract, store_transfers

STORED_PAYLOAD_BYTES = 65_536

_NEXT_BATCH = text("SELECT nextval('batch_ids')")
_ADD_BATCH = text("""
    INSERT INTO batches (batch_id, stored, duplicates, dead, restated, retracted)
    VALUES (:batch_id, :stored, :duplicates, :dead, :restated, :retracted)
""")
_ADVANCE = text("""
    INSERT INTO ingestion_state AS s (topic, partition, next_offset, consumed, stored, duplicates, dead)
    VALUES (:topic, :partition, :next_offset, :consumed, :stored, :duplicates, :dead)
    ON CONFLICT (topic, partition) DO UPDATE SET
        next_offset = EXCLUDED.next_offset, consumed = s.consumed + EXCLUDED.consumed,
        stored = s.stored + EXCLUDED.stored, duplicates = s.duplicates + EXCLUDED.duplicates,
        dead = s.dead + EXCLUDED.dead, updated_at = clock_timestamp()
""")
_ADD_DEAD_LETTER = text("""
    INSERT INTO dead_letters
        (topic, partition, "offset", reason, detail, message_key, payload, payload_bytes)
    VALUES (:topic, :partition, :offset, :reason, :detail, :message_key, :payload, :payload_bytes)
    ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka message with what was read in it: an event, or the reason why not."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    payload: bytes | None
    event: Transfer | Retraction | InvalidEvent


@dataclass(frozen=True, slots=True)
class WrittenBatch:
    """What became of a batch's messages; `dead` are the refused ones with their reasons."""

    batch_id: int
    stored: int
    duplicates: int
    restated: int
    retracted: int
    dead: list[tuple[Message, InvalidEvent]]


def write_batch(connection: Connection, messages: Sequence[Message]) -> WrittenBatch:
    """Writes a batch. With messages seen before, or again after a crash, it changes no fact and no pool."""
    acquire_shared(connection, Lock.INGEST)
    events = [(i, m.event) for i, m in enumerate(messages) if not isinstance(m.event, InvalidEvent)]
    claim_assets(connection, (event for _, event in events))
    batch_id: int = connection.execute(_NEXT_BATCH).scalar_one()
    name_batch(batch_id)
    changes = Changes()
    for run in _runs(events):
        position, first = run[0]
        if isinstance(first, Retraction):
            retract(connection, batch_id, position, first, changes)
        else:
            store_transfers(connection, batch_id, run, changes)
    restated = account_batch(connection, batch_id, changes)
    if restated:
        reach("during_restatement")
    outcomes = _outcomes(messages, changes)
    dead = [
        (message, outcome)
        for message, outcome in zip(messages, outcomes, strict=True)
        if isinstance(outcome, InvalidEvent)
    ]
    counts = Counter(outcome for outcome in outcomes if isinstance(outcome, str))
    batch = WrittenBatch(
        batch_id, counts["stored"], counts["duplicates"], restated, len(changes.retracted), dead
    )
    connection.execute(
        _ADD_BATCH,
        {
            "batch_id": batch_id,
            "stored": batch.stored,
            "duplicates": batch.duplicates,
            "dead": len(dead),
            "restated": restated,
            "retracted": batch.retracted,
        },
    )
    if dead:
        connection.execute(_ADD_DEAD_LETTER, [_dead_letter(message, error) for message, error in dead])
    connection.execute(_ADVANCE, _advances(messages, outcomes))
    return batch


def _runs(events: list[tuple[int, Transfer | Retraction]]) -> Iterator[list[tuple[int, Any]]]:
    """Events in order of arrival, cut so that a retraction stands alone and transfers stand together."""
    for is_retraction, run in groupby(events, key=lambda item: isinstance(item[1], Retraction)):
        together = list(run)
        yield from ([item] for item in together) if is_retraction else [together]


def _outcomes(messages: Sequence[Message], changes: Changes) -> list[str | InvalidEvent]:
    conflict = InvalidEvent("conflict", REASONS["conflict"])

    def outcome(position: int, message: Message) -> str | InvalidEvent:
        if isinstance(message.event, InvalidEvent):
            return message.event
        if position in changes.conflicts:
            return conflict
        if position not in changes.stored:
            return "duplicates"
        return "retractions" if isinstance(message.event, Retraction) else "stored"

    return [outcome(position, message) for position, message in enumerate(messages)]


def _dead_letter(message: Message, error: InvalidEvent) -> dict[str, Any]:
    payload = message.payload or b""
    return {
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "reason": error.reason,
        "detail": str(error),
        "message_key": message.key,
        "payload": payload[:STORED_PAYLOAD_BYTES],
        "payload_bytes": len(payload),
    }


def _advances(messages: Sequence[Message], outcomes: Sequence[str | InvalidEvent]) -> list[dict[str, Any]]:
    """What each partition adds to its line of `ingestion_state`."""
    counts: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    next_offset: dict[tuple[str, int], int] = {}
    for message, outcome in zip(messages, outcomes, strict=True):
        origin = message.topic, message.partition
        counts[origin][outcome if isinstance(outcome, str) else "dead"] += 1
        next_offset[origin] = message.offset + 1
    return [
        {
            "topic": topic,
            "partition": partition,
            "next_offset": next_offset[topic, partition],
            "consumed": counted.total(),
            "stored": counted["stored"],
            "duplicates": counted["duplicates"],
            "dead": counted["dead"],
        }
        for (topic, partition), counted in sorted(counts.items())
    ]
