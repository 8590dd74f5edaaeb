"""Groups of transfers about which there is more than one word: which of them live is folded from all words.

A group is (chain, transaction, asset). Most groups have one inclusion and no retraction,
and never come here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from app.domain import Retraction, Transfer
from ingest.record.changes import Changes
from ingest.record.inclusions import Included, Inclusions, identity_of

# LATERAL with OFFSET: each group is looked up in the index, whatever the planner thinks of their number.
_TRANSFERS = text("""
    SELECT k.number, t.* FROM unnest(:chains ::text[], :hashes ::text[], :asset_ids ::int[])
        WITH ORDINALITY k (chain, transaction_hash, asset_id, number)
    CROSS JOIN LATERAL (
        SELECT transfer_id, transfer_index, block_number, block_hash,
            coalesce(last_observed_at, observed_at) AS observed_at, withdrawn_at, is_withdrawn,
            retracted_batch_id, is_waiting
        FROM transactions t
        WHERE t.transaction_hash = k.transaction_hash AND t.chain = k.chain AND t.asset_id = k.asset_id
            AND t.is_superseded IS NULL
        OFFSET 0
    ) t
""")
_RETRACTIONS = text("""
    SELECT k.number, r.* FROM unnest(:chains ::text[], :hashes ::text[], :assets ::text[])
        WITH ORDINALITY k (chain, transaction_hash, asset, number)
    CROSS JOIN LATERAL (
        SELECT transfer_index, observed_at, block_number, block_hash FROM retractions r
        WHERE r.chain = k.chain AND r.transaction_hash = k.transaction_hash AND r.asset = k.asset
        OFFSET 0
    ) r
""")
_UPDATE = text("""
    UPDATE transactions t SET last_observed_at = k.observed_at, withdrawn_at = k.withdrawn_at,
        is_withdrawn = k.is_withdrawn, retracted_batch_id = k.retracted_batch_id,
        is_waiting = k.is_waiting
    FROM unnest(:ids ::bigint[], :observed_at ::timestamptz[], :withdrawn_at ::timestamptz[],
        :is_withdrawn ::boolean[], :retracted ::bigint[], :waiting ::boolean[])
        k (transfer_id, observed_at, withdrawn_at, is_withdrawn, retracted_batch_id, is_waiting)
    WHERE t.transfer_id = k.transfer_id
""")
_ADD_ABSENCES = text("""
    INSERT INTO absences (transfer_id, retracted_batch_id, returned_batch_id)
    SELECT transfer_id, retracted_batch_id, :batch_id
    FROM unnest(:ids ::bigint[], :retracted ::bigint[]) k (transfer_id, retracted_batch_id)
""")
_ADD_RETRACTIONS = text("""
    INSERT INTO retractions (chain, transaction_hash, asset, transfer_index, observed_at, block_number,
        block_hash, batch_id, retracted, import_numbers)
    SELECT k.chain, k.transaction_hash, k.asset, k.transfer_index, k.observed_at, k.block_number,
        k.block_hash, :batch_id, k.retracted,
        CASE WHEN k.import_number IS NOT NULL THEN ARRAY[k.import_number] END
    FROM unnest(:chains ::text[], :hashes ::text[], :assets ::text[], :indexes ::int[],
        :observed_at ::timestamptz[], :numbers ::int[], :blocks ::text[], :retracted ::int[],
        :imports ::int[])
        k (chain, transaction_hash, asset, transfer_index, observed_at, block_number, block_hash, retracted,
           import_number)
""")
# Who says it too; what a producer has said stays said, whatever is undone.
_REPEAT_RETRACTION = text("""
    UPDATE retractions SET import_numbers =
        CASE WHEN :import_number ::int IS NOT NULL THEN array_append(import_numbers, :import_number ::int) END
    WHERE chain = :chain AND transaction_hash = :hash AND asset = :asset
        AND transfer_index IS NOT DISTINCT FROM :index ::int AND observed_at = :observed_at
        AND block_number IS NOT DISTINCT FROM :number ::int
        AND block_hash IS NOT DISTINCT FROM :block ::text
        AND import_numbers IS NOT NULL AND (:import_number ::int = ANY(import_numbers)) IS NOT TRUE
""")


class Group(NamedTuple):
    """A transaction's transfers of one asset."""

    chain: str
    transaction_hash: str
    asset_id: int


class Arrival(NamedTuple):
    """A transfer of the batch that is recorded, by this batch or before."""

    transfer_id: int
    transfer: Transfer
    is_new: bool


@dataclass(slots=True)
class Dispute:
    """One group: its asset's name, and the words of this batch about it."""

    asset: str
    words: list[tuple[int, Arrival | Retraction]] = field(default_factory=list)


class _Stored(NamedTuple):
    """What a row says before this batch; of a row of this batch, what it said when it was inserted."""

    observed_at: datetime | None
    withdrawn_at: datetime | None
    is_withdrawn: bool
    retracted_batch_id: int | None
    is_waiting: bool
    is_new: bool


def settle(
    connection: Connection,
    batch_id: int,
    disputes: Mapping[Group, Dispute],
    changes: Changes,
    import_numbers: Mapping[int, int],
) -> None:
    """Applies each group's words in the order of the batch, and writes which transfers live at its end.

    `import_numbers` names the imports of the positions that are an import's.
    """
    if not disputes:
        return
    groups = list(disputes)
    states = [Inclusions() for _ in groups]
    stored = _load(connection, groups, disputes, states)
    new_retractions = []
    repeated: list[tuple[Retraction, int | None]] = []
    for group, state in zip(groups, states, strict=True):
        for position, word in sorted(disputes[group].words, key=lambda item: item[0]):
            if isinstance(word, Retraction):
                is_new, taken_back = state.retract(identity_of(word))
                if is_new:
                    changes.stored.add(position)
                    new_retractions.append((word, taken_back, import_numbers.get(position)))
                else:
                    repeated.append((word, import_numbers.get(position)))
            elif word.is_new:
                t = word.transfer
                state.add(
                    Included(word.transfer_id, t.transfer_index, t.block_number, t.block_hash, t.observed_at)
                )
            else:
                state.repeat(word.transfer_id, word.transfer.observed_at)
    _write(connection, batch_id, states, stored, changes)
    _add_retractions(connection, batch_id, new_retractions)
    for word, import_number in repeated:
        _repeat_retraction(connection, word, import_number)


def _load(
    connection: Connection,
    groups: Sequence[Group],
    disputes: Mapping[Group, Dispute],
    states: Sequence[Inclusions],
) -> dict[int, _Stored]:
    """Loads what the record says of the groups; rows of this batch enter later, with their message."""
    new = {
        word.transfer_id
        for dispute in disputes.values()
        for _, word in dispute.words
        if isinstance(word, Arrival) and word.is_new
    }
    keys = {"chains": [g.chain for g in groups], "hashes": [g.transaction_hash for g in groups]}
    stored = {}
    for row in connection.execute(_TRANSFERS, {**keys, "asset_ids": [g.asset_id for g in groups]}):
        stored[row.transfer_id] = _Stored(
            row.observed_at, row.withdrawn_at, bool(row.is_withdrawn), row.retracted_batch_id,
            bool(row.is_waiting), row.transfer_id in new,
        )  # fmt: skip
        if row.transfer_id not in new:
            states[row.number - 1].add(
                Included(
                    row.transfer_id, row.transfer_index, row.block_number, row.block_hash,
                    row.observed_at, row.withdrawn_at, bool(row.is_withdrawn),
                )
            )  # fmt: skip
    assets = [disputes[group].asset for group in groups]
    for number, *identity in connection.execute(_RETRACTIONS, {**keys, "assets": assets}):
        states[number - 1].record((identity[0], identity[1], identity[2], identity[3]))
    return stored


def _write(
    connection: Connection,
    batch_id: int,
    states: Iterable[Inclusions],
    stored: Mapping[int, _Stored],
    changes: Changes,
) -> None:
    """Writes the rows that changed, and says which transfers count from now on and which no longer do."""
    rows = []
    returned: list[tuple[int, int]] = []
    for state in states:
        live = state.live()
        for t in state:
            before = stored[t.transfer_id]
            lives, lived = t.transfer_id in live, before.retracted_batch_id is None
            is_taken_back = not lives and state.is_taken_back(t.transfer_id)
            if before.is_new and not lives:
                changes.counted.discard(t.transfer_id)
                changes.waiting.add(t.transfer_id)
                changes.taken_back += is_taken_back
            elif not before.is_new and lived and not lives:
                changes.retracted.add(t.transfer_id)
                changes.taken_back += 1
            elif not before.is_new and lives and before.retracted_batch_id is not None:
                changes.counted.add(t.transfer_id)
                returned.append((t.transfer_id, before.retracted_batch_id))
            retracted = None if lives else before.retracted_batch_id or batch_id
            waits = not lives and not is_taken_back
            after = _Stored(t.observed_at, t.withdrawn_at, t.is_withdrawn, retracted, waits, before.is_new)
            if after != before:
                rows.append((t.transfer_id, *after[:5]))
    if rows:
        names = ("ids", "observed_at", "withdrawn_at", "is_withdrawn", "retracted", "waiting")
        connection.execute(_UPDATE, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    if returned:
        ids, retracted_batches = zip(*returned, strict=True)
        absences = {"ids": list(ids), "retracted": list(retracted_batches)}
        connection.execute(_ADD_ABSENCES, {"batch_id": batch_id, **absences})


def _add_retractions(
    connection: Connection, batch_id: int, retractions: Sequence[tuple[Retraction, int, int | None]]
) -> None:
    if not retractions:
        return
    columns = {
        "chains": [r.chain for r, *_ in retractions],
        "hashes": [r.transaction_hash for r, *_ in retractions],
        "assets": [r.asset for r, *_ in retractions],
        "indexes": [r.transfer_index for r, *_ in retractions],
        "observed_at": [r.observed_at for r, *_ in retractions],
        "numbers": [r.block_number for r, *_ in retractions],
        "blocks": [r.block_hash for r, *_ in retractions],
        "retracted": [taken_back for _, taken_back, _ in retractions],
        "imports": [import_number for *_, import_number in retractions],
    }
    connection.execute(_ADD_RETRACTIONS, {"batch_id": batch_id, **columns})


def _repeat_retraction(connection: Connection, word: Retraction, import_number: int | None) -> None:
    identity = {
        "chain": word.chain,
        "hash": word.transaction_hash,
        "asset": word.asset,
        "index": word.transfer_index,
        "observed_at": word.observed_at,
        "number": word.block_number,
        "block": word.block_hash,
    }
    connection.execute(_REPEAT_RETRACTION, {**identity, "import_number": import_number})
