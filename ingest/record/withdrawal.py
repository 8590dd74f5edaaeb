"""Withdraws what an undone import said, some of it at a time (decision 37).

What it alone said is as if it had never been said: its rows stay for the runs that have seen them, and never
live again. What somebody else said too stays theirs. Each call is a batch of its own, in one transaction; a
crash between two leaves the rest for the next.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event
from typing import Final

from sqlalchemy import Connection, Row, text

from app.record.imports import end_undo
from app.stores.locks import Lock, acquire, acquire_shared
from app.stores.postgres import Postgres
from ingest.instruments import name_batch
from ingest.record.accounting import account_batch
from ingest.record.changes import Changes
from ingest.record.counts import add_counts
from ingest.record.disputes import Dispute, Group, settle
from ingest.record.inclusions import OLDEST
from ingest.record.writer import ADD_BATCH, LOOK_UP, NEXT_BATCH

TRANSFERS: Final = 4_000
"""Withdrawn together, at most."""

# The latest first: behind what is withdrawn nothing is left to restate.
_TRANSFERS = text("""
    SELECT transfer_id, asset_id FROM transactions
    WHERE import_number = :import_number AND is_superseded IS NULL
    ORDER BY block_number DESC, transaction_index DESC, transfer_index DESC LIMIT :limit
""")
_SHARED = text("""
    SELECT w.transfer_id, t.asset_id FROM import_words w JOIN transactions t USING (transfer_id)
    WHERE w.import_number = :import_number LIMIT :limit
""")
_RETRACTIONS = text("""
    SELECT r.retraction_id, a.asset_id FROM retractions r JOIN assets a USING (chain, asset)
    WHERE r.import_numbers IS NOT NULL AND :import_number = ANY(r.import_numbers) LIMIT :limit
""")
_LOCK_ASSETS = text("SELECT asset_id FROM assets WHERE asset_id = ANY(:ids) ORDER BY asset_id FOR UPDATE")
_STILL = text("""
    SELECT t.transfer_id, t.chain, t.transaction_hash, t.asset_id, a.asset, t.import_number,
        t.retracted_batch_id IS NULL AS is_live
    FROM transactions t JOIN assets a USING (asset_id)
    WHERE t.transfer_id = ANY(:ids ::bigint[]) AND t.is_superseded IS NULL
""")
_WORDS = text("""
    SELECT transfer_id, import_number, observed_at FROM import_words WHERE transfer_id = ANY(:ids ::bigint[])
""")
_FORGET = text("""
    DELETE FROM import_words WHERE transfer_id = ANY(:ids ::bigint[])
        AND (import_number = :import_number OR transfer_id = ANY(:alone ::bigint[]))
""")
_LEFT_TO_OTHERS = text("""
    UPDATE transactions t SET import_number = k.import_number, last_observed_at = k.observed_at
    FROM unnest(:ids ::bigint[], :imports ::int[], :observed_at ::timestamptz[])
        k (transfer_id, import_number, observed_at)
    WHERE t.transfer_id = k.transfer_id
""")
_SUPERSEDE = text("""
    UPDATE transactions SET is_superseded = true, is_waiting = NULL,
        retracted_batch_id = coalesce(retracted_batch_id, :batch_id)
    WHERE transfer_id = ANY(:ids ::bigint[])
""")
_TAKE_RETRACTIONS = text("""
    SELECT r.retraction_id, r.chain, r.transaction_hash, r.asset, a.asset_id, r.transfer_index, r.observed_at,
        r.block_number IS NULL AND r.block_hash IS NULL AS is_of_no_block,
        cardinality(r.import_numbers) = 1 AS is_alone
    FROM retractions r JOIN assets a USING (chain, asset)
    WHERE r.retraction_id = ANY(:ids ::bigint[]) AND :import_number = ANY(r.import_numbers)
""")
_DELETE_RETRACTIONS = text("DELETE FROM retractions WHERE retraction_id = ANY(:ids ::bigint[])")
_LEAVE_RETRACTIONS = text("""
    UPDATE retractions SET import_numbers = array_remove(import_numbers, :import_number ::int)
    WHERE retraction_id = ANY(:ids ::bigint[])
""")
_GIVE_BACK = text("""
    UPDATE transactions SET withdrawn_at = NULL, is_withdrawn = NULL
    WHERE transaction_hash = :hash AND chain = :chain AND asset_id = :asset_id AND is_superseded IS NULL
        AND is_withdrawn AND withdrawn_at = :observed_at
        AND (:index ::int IS NULL OR transfer_index = :index ::int)
""")


def withdraw_some(connection: Connection, import_number: int, limit: int = TRANSFERS) -> int:
    """Withdraws the words about up to so many transfers, and as many retractions.

    The import must be marked as undone, in an earlier transaction: no batch adds to its words any more.

    Returns:
        How many words were looked at; 0: none is left.
    """
    acquire(connection, Lock.WITHDRAWAL)
    acquire_shared(connection, Lock.INGEST)
    connection.execute(LOOK_UP)
    which = {"import_number": import_number, "limit": limit}
    found = connection.execute(_TRANSFERS, which).all() or connection.execute(_SHARED, which).all()
    retractions = connection.execute(_RETRACTIONS, which).all()
    if not found and not retractions:
        return 0
    asset_ids = {row.asset_id for row in (*found, *retractions)}
    connection.execute(_LOCK_ASSETS, {"ids": sorted(asset_ids)})
    batch_id: int = connection.execute(NEXT_BATCH).scalar_one()
    name_batch(batch_id)
    changes = Changes()
    disputes = _withdraw_retractions(connection, import_number, [row.retraction_id for row in retractions])
    disputes |= _withdraw_transfers(
        connection, import_number, batch_id, [row.transfer_id for row in found], changes
    )
    settle(connection, batch_id, disputes, changes, {})
    restated = account_batch(connection, batch_id, changes) + len(changes.counted)
    counts = {"stored": 0, "duplicates": 0, "dead": 0, "restated": restated, "retracted": 0}
    connection.execute(ADD_BATCH, {"batch_id": batch_id, **counts})
    add_counts(connection, Counter(restated=restated))
    return len(found) + len(retractions)


def withdraw_import(
    postgres: Postgres,
    import_number: int,
    *,
    stop: Event | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Withdraws all that is left of what an undone import said, or ends early when `stop` is set.

    Others may do the same at the same time. `progress` is called with the words that were looked at.

    Raises:
        DependencyMissing: PostgreSQL does not answer; what is left can be withdrawn later.
    """
    done = 0
    while stop is None or not stop.is_set():
        number = postgres.run(lambda connection: withdraw_some(connection, import_number))
        if not number:
            # In a transaction of its own: a batch that waits for assets holds the import's row.
            postgres.run(lambda connection: end_undo(connection, import_number))
            return
        done += number
        if progress is not None:
            progress(done)


def _withdraw_transfers(
    connection: Connection, import_number: int, batch_id: int, ids: Sequence[int], changes: Changes
) -> dict[Group, Dispute]:
    rows = connection.execute(_STILL, {"ids": ids}).all()
    others: dict[int, dict[int, datetime | None]] = defaultdict(dict)
    for transfer_id, number, observed_at in connection.execute(_WORDS, {"ids": ids}):
        if number != import_number:
            others[transfer_id][number] = observed_at
    if others:
        alone = [transfer_id for transfer_id, by in others.items() if len(by) == 1]
        connection.execute(_FORGET, {"ids": list(others), "alone": alone, "import_number": import_number})
        connection.execute(
            _LEFT_TO_OTHERS,
            {
                "ids": list(others),
                "imports": [min(by) or None for by in others.values()],
                "observed_at": [_latest(by) for by in others.values()],
            },
        )
    gone = [row for row in rows if row.transfer_id not in others and row.import_number == import_number]
    connection.execute(_SUPERSEDE, {"ids": [row.transfer_id for row in gone], "batch_id": batch_id})
    changes.retracted.update(row.transfer_id for row in gone if row.is_live)
    return {_group(row): Dispute(row.asset) for row in rows}


def _latest(by: dict[int, datetime | None]) -> datetime:
    return max(observed_at or OLDEST for observed_at in by.values())


def _withdraw_retractions(
    connection: Connection, import_number: int, ids: Sequence[int]
) -> dict[Group, Dispute]:
    if not ids:
        return {}
    rows = connection.execute(_TAKE_RETRACTIONS, {"ids": ids, "import_number": import_number}).all()
    for row in rows:
        if row.is_alone and row.is_of_no_block:
            connection.execute(
                _GIVE_BACK,
                {
                    "hash": row.transaction_hash,
                    "chain": row.chain,
                    "asset_id": row.asset_id,
                    "observed_at": row.observed_at,
                    "index": row.transfer_index,
                },
            )
    alone = [row.retraction_id for row in rows if row.is_alone]
    connection.execute(_DELETE_RETRACTIONS, {"ids": alone})
    rest = [row.retraction_id for row in rows if not row.is_alone]
    connection.execute(_LEAVE_RETRACTIONS, {"ids": rest, "import_number": import_number})
    return {_group(row): Dispute(row.asset) for row in rows}


def _group(row: Row[tuple[object, ...]]) -> Group:
    return Group(row.chain, row.transaction_hash, row.asset_id)
