"""Transfers into the record: each is stored once, a repeat is a duplicate or a conflict."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from sqlalchemy import Connection, text

from app.domain import Retraction, Transfer
from ingest.record.changes import Change, Changes
from ingest.record.disputes import Arrival, Dispute, Group, settle
from ingest.record.said.words import Said, note_words
from ingest.record.staging import Arrived, stage
from ingest.record.wallet_ids import add_wallets

_TRANSFER_IDS = text("""
    SELECT nextval((SELECT pg_get_serial_sequence('transactions', 'transfer_id')::regclass))
    FROM generate_series(1, :count)
""")
_ADD_ASSETS = text("""
    INSERT INTO assets (chain, asset, decimals)
    SELECT k.*
    FROM unnest(:chains ::text[], :assets ::text[], :decimals ::smallint[]) k (chain, asset, decimals)
    WHERE NOT EXISTS (SELECT FROM assets a WHERE (a.chain, a.asset) = (k.chain, k.asset))
    ORDER BY chain, asset
    ON CONFLICT DO NOTHING
""")
_LOCK_ASSETS = text("""
    SELECT asset_id, chain, asset, decimals FROM assets
    WHERE (chain, asset) IN (SELECT * FROM unnest(:chains ::text[], :assets ::text[]))
    ORDER BY asset_id FOR UPDATE  -- in id order, so that two writers do not deadlock
""")
_CORRECT_DECIMALS = text("""
    UPDATE assets a SET decimals = k.decimals
    FROM unnest(:ids ::int[], :decimals ::smallint[]) k (asset_id, decimals) WHERE a.asset_id = k.asset_id
""")
# Each message has its id before: RETURNING names the messages that are stored without their long texts. It
# also says whether the group has a retraction, or another inclusion from before this statement. A scalar
# subquery with LIMIT is an index look-up for each row; EXISTS could become a hash of the whole table.
_STORE = text("""
    INSERT INTO transactions (
        transfer_id, chain, transaction_hash, transfer_index, block_number, transaction_index, occurred_at,
        sender_id, receiver_id, asset_id, amount, decimals, usd_value, batch_id,
        block_hash, observed_at, initiator, kind, sender_tag, receiver_tag, import_number)
    OVERRIDING SYSTEM VALUE
    SELECT
        i.transfer_id, i.chain, i.transaction_hash, i.transfer_index, i.block_number, i.transaction_index,
        i.occurred_at, i.sender_id, i.receiver_id, i.asset_id, i.amount, i.decimals, i.usd_value, :batch_id,
        i.block_hash, i.observed_at, i.initiator, i.kind, i.sender_tag, i.receiver_tag, i.import_number
    FROM incoming i
    ORDER BY i.chain, i.transaction_hash, i.transfer_index, i.position  -- in one order everywhere, as wallets
    ON CONFLICT (transaction_hash, transfer_index, chain, coalesce(block_hash, block_number::text))
        WHERE is_superseded IS NULL DO NOTHING
    RETURNING transfer_id,
        coalesce(
            (SELECT true FROM retractions r
             WHERE (r.chain, r.transaction_hash) = (transactions.chain, transactions.transaction_hash)
             LIMIT 1),
            (SELECT true FROM transactions o
             WHERE (o.chain, o.transaction_hash, o.asset_id)
                 = (transactions.chain, transactions.transaction_hash, transactions.asset_id)
                 AND coalesce(o.block_hash, o.block_number::text)
                     <> coalesce(transactions.block_hash, transactions.block_number::text)
                 AND o.is_superseded IS NULL
             LIMIT 1),
            false)
""")
# What the record has of the messages that the INSERT left out, and whether it says the same. An optional
# field that only one of the two has contradicts nothing; when a producer saw a transfer is no part of it.
# LATERAL with OFFSET: each is looked up in the index, since the planner knows nothing about `incoming`.
_REPEATS = text("""
    SELECT i.position, t.transfer_id,
        t.transaction_index = i.transaction_index AND t.block_number = i.block_number
        AND t.occurred_at = i.occurred_at AND t.amount = i.amount
        AND t.decimals IS NOT DISTINCT FROM i.decimals AND t.usd_value IS NOT DISTINCT FROM i.usd_value
        AND (t.initiator = i.initiator) IS NOT FALSE AND (t.kind = i.kind) IS NOT FALSE
        AND (t.sender_tag = i.sender_tag) IS NOT FALSE AND (t.receiver_tag = i.receiver_tag) IS NOT FALSE
        AND t.sender_id = i.sender_id AND t.receiver_id = i.receiver_id AND t.asset_id = i.asset_id
            AS is_same,
        coalesce(i.observed_at > coalesce(t.last_observed_at, t.observed_at, '-infinity'), false)
            OR t.is_withdrawn IS TRUE AS is_told_anew,
        t.import_number, coalesce(t.last_observed_at, t.observed_at) AS seen
    FROM incoming i CROSS JOIN LATERAL (
        SELECT * FROM transactions t
        WHERE t.transaction_hash = i.transaction_hash AND t.transfer_index = i.transfer_index
            AND t.chain = i.chain
            AND coalesce(t.block_hash, t.block_number::text) = coalesce(i.block_hash, i.block_number::text)
            AND t.is_superseded IS NULL
        OFFSET 0
    ) t
    WHERE i.position = ANY(:positions)
""")


def lock_assets(
    connection: Connection, events: Iterable[Transfer | Retraction]
) -> dict[tuple[str, str], int]:
    """Locks the events' assets, and with them their pools, until this transaction ends.

    An asset's decimals are those of the last transfer that says them.

    Returns:
        The id of each (chain, asset).
    """
    decimals: dict[tuple[str, str], int | None] = {}
    for event in events:
        if isinstance(event, Transfer) and event.decimals is not None:
            decimals[event.chain, event.asset] = event.decimals
        else:
            decimals.setdefault((event.chain, event.asset), None)
    keys = sorted(decimals)
    arrays = {"chains": [chain for chain, _ in keys], "assets": [asset for _, asset in keys]}
    said = [decimals[key] for key in keys]
    connection.execute(_ADD_ASSETS, {**arrays, "decimals": said})
    rows = connection.execute(_LOCK_ASSETS, arrays).all()
    corrected = [
        (row.asset_id, new)
        for row in rows
        if (new := decimals[row.chain, row.asset]) is not None and new != row.decimals
    ]
    if corrected:
        ids, values = zip(*corrected, strict=True)
        connection.execute(_CORRECT_DECIMALS, {"ids": list(ids), "decimals": list(values)})
    return {(row.chain, row.asset): row.asset_id for row in rows}


def store_events(
    connection: Connection,
    batch_id: int,
    events: Sequence[tuple[int, Transfer | Retraction]],
    asset_ids: Mapping[tuple[str, str], int],
    import_numbers: Mapping[int, int],
) -> Changes:
    """Stores (position, event) pairs: new transfers with their wallets, and what retractions take back.

    A transfer that its inclusion has already is a duplicate, or a conflict if its content is another.
    `import_numbers` names the imports of the positions that are an import's.
    """
    changes = Changes()
    disputes: dict[Group, Dispute] = {}
    transfers = [(position, event) for position, event in events if isinstance(event, Transfer)]
    if len(transfers) < len(events):
        for position, event in events:
            if isinstance(event, Retraction):
                group = Group(event.chain, event.transaction_hash, asset_ids[event.chain, event.asset])
                disputes.setdefault(group, Dispute(event.asset)).words.append((position, event))
    if transfers:
        recorded, disputed = _store_transfers(
            connection, batch_id, transfers, asset_ids, changes, import_numbers=import_numbers
        )
        if disputes:
            disputed |= {group.transaction_hash for group in disputes}
        if disputed:
            for position, t in transfers:
                if t.transaction_hash in disputed and position in recorded:
                    group = Group(t.chain, t.transaction_hash, asset_ids[t.chain, t.asset])
                    arrival = Arrival(recorded[position], t, is_new=position in changes.stored)
                    disputes.setdefault(group, Dispute(t.asset)).words.append((position, arrival))
    settle(connection, batch_id, disputes, changes, import_numbers)
    return changes


def _store_transfers(
    connection: Connection,
    batch_id: int,
    transfers: Sequence[tuple[int, Transfer]],
    asset_ids: Mapping[tuple[str, str], int],
    changes: Changes,
    *,
    import_numbers: Mapping[int, int],
) -> tuple[dict[int, int], set[str]]:
    """Stores what is new.

    Returns:
        The transfer id of each position whose transfer is recorded now, by this batch or before; and the
        hashes of transactions about which there may be more than one word.
    """
    ends = chain.from_iterable(((t.chain, t.sender), (t.chain, t.receiver)) for _, t in transfers)
    wallet_ids, changes.new_wallets = add_wallets(connection, batch_id, ends)
    ids: Sequence[int] = connection.execute(_TRANSFER_IDS, {"count": len(transfers)}).scalars().all()
    arrived = {
        transfer_id: Arrived(
            position,
            t,
            wallet_ids[t.chain, t.sender],
            wallet_ids[t.chain, t.receiver],
            asset_ids[t.chain, t.asset],
            import_numbers.get(position),
        )
        for transfer_id, (position, t) in zip(ids, transfers, strict=True)
    }
    disputed = stage(connection, arrived)
    recorded: dict[int, int] = {}
    for transfer_id, is_disputed in connection.execute(_STORE, {"batch_id": batch_id}).all():
        position, t, sender_id, receiver_id, asset_id, _ = arrived[transfer_id]
        changes.new[transfer_id] = Change(
            transfer_id,
            (t.seq, t.transaction_hash),
            (sender_id, asset_id),
            (receiver_id, asset_id),
            t.amount,
        )
        recorded[position] = transfer_id
        if is_disputed:
            disputed.add(t.transaction_hash)
    changes.stored.update(recorded)
    changes.counted.update(changes.new)
    if len(recorded) < len(transfers):
        repeated = {position: t for position, t in transfers if position not in recorded}
        said: list[Said] = []
        for row in connection.execute(_REPEATS, {"positions": list(repeated)}):
            if row.is_same:
                recorded[row.position] = row.transfer_id
                if row.is_told_anew:
                    disputed.add(repeated[row.position].transaction_hash)
                by = import_numbers.get(row.position)
                if row.is_told_anew or by is not None or row.import_number is not None:
                    seen = repeated[row.position].observed_at
                    said.append(Said(row.transfer_id, by, seen, row.import_number, row.seen))
        note_words(connection, said)
        changes.conflicts.update(repeated.keys() - recorded.keys())
    return recorded, disputed
