"""Transfers into the record: each is stored once, a repeat is a duplicate or a conflict."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, text

from app.domain import Retraction, Transfer
from app.stores.copy_writer import copy_lines
from ingest.record.changes import Change, Changes

_STAGING = text("""
    CREATE TEMP TABLE IF NOT EXISTS incoming (
        position int, chain text, transaction_hash text, transfer_index int, block_number int,
        transaction_index int, occurred_at timestamptz, sender text, receiver text, asset text,
        amount numeric, decimals smallint, usd_value numeric, block_hash text, observed_at timestamptz,
        initiator text, kind text, sender_tag text, receiver_tag text, is_first boolean
    ) ON COMMIT DELETE ROWS
""")
_COLUMNS = (
    "position", "chain", "transaction_hash", "transfer_index", "block_number", "transaction_index",
    "occurred_at", "sender", "receiver", "asset", "amount", "decimals", "usd_value", "block_hash",
    "observed_at", "initiator", "kind", "sender_tag", "receiver_tag", "is_first",
)  # fmt: skip

_ADD_ASSETS = text("""
    INSERT INTO assets (chain, asset, decimals)
    SELECT k.*
    FROM unnest(:chains ::text[], :assets ::text[], :decimals ::smallint[]) k (chain, asset, decimals)
    WHERE NOT EXISTS (SELECT FROM assets a WHERE (a.chain, a.asset) = (k.chain, k.asset))
    ORDER BY chain, asset
    ON CONFLICT DO NOTHING
""")
_LOCK_ASSETS = text("""
    SELECT asset_id FROM assets
    WHERE (chain, asset) IN (SELECT * FROM unnest(:chains ::text[], :assets ::text[]))
    ORDER BY asset_id FOR UPDATE  -- in id order, so that two writers do not deadlock
""")
_ADD_WALLETS = text("""
    INSERT INTO wallets (chain, address, batch_id)
    SELECT chain, address, :batch_id
    FROM (SELECT chain, sender FROM incoming UNION SELECT chain, receiver FROM incoming) s (chain, address)
    WHERE NOT EXISTS (SELECT FROM wallets w WHERE (w.chain, w.address) = (s.chain, s.address))
    ORDER BY chain, address  -- in one order everywhere, so that two batches do not deadlock
    ON CONFLICT DO NOTHING
""")
# An optional field that only one of the two has contradicts nothing; when a producer saw a transfer is no
# part of the transfer.
_SAME_TRANSFER = """
    (t.transaction_hash, t.transfer_index, t.chain) = (i.transaction_hash, i.transfer_index, i.chain)
    AND t.block_number = i.block_number AND t.transaction_index = i.transaction_index
    AND t.occurred_at = i.occurred_at AND t.amount = i.amount
    AND t.decimals IS NOT DISTINCT FROM i.decimals AND t.usd_value IS NOT DISTINCT FROM i.usd_value
    AND (t.block_hash = i.block_hash) IS NOT FALSE AND (t.initiator = i.initiator) IS NOT FALSE
    AND (t.kind = i.kind) IS NOT FALSE AND (t.sender_tag = i.sender_tag) IS NOT FALSE
    AND (t.receiver_tag = i.receiver_tag) IS NOT FALSE
    AND t.sender_id = (SELECT wallet_id FROM wallets w WHERE (w.chain, w.address) = (i.chain, i.sender))
    AND t.receiver_id = (SELECT wallet_id FROM wallets w WHERE (w.chain, w.address) = (i.chain, i.receiver))
    AND t.asset_id = (SELECT asset_id FROM assets a WHERE (a.chain, a.asset) = (i.chain, i.asset))
"""
# At most one transfer of an identity lives. Without a block hash a message may be the same as several that
# are retracted: the one with its own hash comes first, then the latest.
_REVIVE = text(f"""
    UPDATE transactions SET retracted_batch_id = NULL FROM (
        SELECT DISTINCT ON (i.transaction_hash, i.transfer_index, i.chain) i.position, t.transfer_id
        FROM incoming i JOIN transactions t ON t.retracted_batch_id IS NOT NULL AND {_SAME_TRANSFER}
        WHERE NOT EXISTS (SELECT FROM transactions l WHERE l.retracted_batch_id IS NULL AND
            (l.transaction_hash, l.transfer_index, l.chain) = (t.transaction_hash, t.transfer_index, t.chain))
        ORDER BY i.transaction_hash, i.transfer_index, i.chain, i.position,
            t.block_hash IS NOT DISTINCT FROM i.block_hash DESC, t.transfer_id DESC
    ) revived
    WHERE transactions.transfer_id = revived.transfer_id
    RETURNING revived.position, transactions.transfer_id
""")  # noqa: S608 - a constant of this file
_STORE = text("""
    INSERT INTO transactions (
        chain, transaction_hash, transfer_index, block_number, transaction_index, occurred_at,
        sender_id, receiver_id, asset_id, amount, decimals, usd_value, batch_id,
        block_hash, observed_at, initiator, kind, sender_tag, receiver_tag)
    SELECT
        i.chain, i.transaction_hash, i.transfer_index, i.block_number, i.transaction_index, i.occurred_at,
        s.wallet_id, r.wallet_id, a.asset_id, i.amount, i.decimals, i.usd_value, :batch_id,
        i.block_hash, i.observed_at, i.initiator, i.kind, i.sender_tag, i.receiver_tag
    FROM incoming i
    JOIN wallets s ON (s.chain, s.address) = (i.chain, i.sender)
    JOIN wallets r ON (r.chain, r.address) = (i.chain, i.receiver)
    JOIN assets a ON (a.chain, a.asset) = (i.chain, i.asset)
    WHERE i.is_first
    ORDER BY i.chain, i.transaction_hash, i.transfer_index  -- in one order everywhere, as wallets
    ON CONFLICT (transaction_hash, transfer_index, chain) WHERE retracted_batch_id IS NULL DO NOTHING
    RETURNING transfer_id, chain, transaction_hash, transfer_index, sender_id, receiver_id, asset_id
""")
_CONFLICTS = text(f"""
    SELECT i.position FROM incoming i
    WHERE NOT EXISTS (SELECT FROM transactions t WHERE {_SAME_TRANSFER})
""")  # noqa: S608 - a constant of this file


def lock_assets(connection: Connection, events: Iterable[Transfer | Retraction]) -> None:
    """Locks the events' assets, and with them their pools, until this transaction ends."""
    decimals: dict[tuple[str, str], int | None] = {}
    for event in events:
        decimals.setdefault(
            (event.chain, event.asset), event.decimals if isinstance(event, Transfer) else None
        )
    keys = sorted(decimals)
    arrays = {"chains": [chain for chain, _ in keys], "assets": [asset for _, asset in keys]}
    connection.execute(_ADD_ASSETS, {**arrays, "decimals": [decimals[key] for key in keys]})
    connection.execute(_LOCK_ASSETS, arrays)


def store_transfers(
    connection: Connection, batch_id: int, transfers: Sequence[tuple[int, Transfer]], changes: Changes
) -> None:
    """Stores (position, transfer) pairs that are not yet in the record, with their wallets.

    A transfer that is recorded is a duplicate; one whose identity is recorded with another payload is a
    conflict; one that is recorded and retracted counts again (the chain has returned to a block it had left).
    """
    first: dict[tuple[str, str, int], tuple[int, Transfer]] = {}
    for item in transfers:
        first.setdefault((item[1].chain, item[1].transaction_hash, item[1].transfer_index), item)
    first_positions = {position for position, _ in first.values()}
    connection.execute(_STAGING)
    connection.execute(text("DELETE FROM incoming"))
    lines = (_copy_line(position, t, position in first_positions) for position, t in transfers)
    copy_lines(connection, "incoming", _COLUMNS, lines)
    connection.execute(_ADD_WALLETS, {"batch_id": batch_id})
    revived = {transfer_id: position for position, transfer_id in connection.execute(_REVIVE)}
    stored: dict[int, int] = {}
    for transfer_id, chain, transaction_hash, index, sender_id, receiver_id, asset_id in connection.execute(
        _STORE, {"batch_id": batch_id}
    ).all():
        stored[transfer_id], t = first[chain, transaction_hash, index]
        changes.new[transfer_id] = Change(
            transfer_id, (t.seq, transaction_hash), (sender_id, asset_id), (receiver_id, asset_id), t.amount
        )
    changes.stored.update(stored.values(), revived.values())
    if len(stored) + len(revived) < len(transfers):
        changes.conflicts.update(connection.execute(_CONFLICTS).scalars())
    changes.unaccounted.update(stored, revived.keys() - changes.retracted)
    # A transfer that this batch both retracts and revives is accounted already, unless it is also new.
    changes.counted.update(stored, revived.keys() & changes.unaccounted)
    changes.retracted.difference_update(revived)


def _copy_line(position: int, t: Transfer, is_first: bool) -> str:  # noqa: FBT001 - a column
    return (
        f"{position}\t{t.chain}\t{t.transaction_hash}\t{t.transfer_index}\t{t.block_number}\t"
        f"{t.transaction_index}\t{t.occurred_at}\t{t.sender}\t{t.receiver}\t{t.asset}\t{t.amount}\t"
        f"{_or_null(t.decimals)}\t{_or_null(t.usd_value)}\t{_or_null(t.block_hash)}\t"
        f"{_or_null(t.observed_at)}\t{_or_null(t.initiator)}\t{_or_null(t.kind)}\t"
        f"{_tag_or_null(t.sender_tag)}\t{_tag_or_null(t.receiver_tag)}\t{is_first}"
    )


def _or_null(value: object) -> object:
    return r"\N" if value is None else value


def _tag_or_null(tag: str | None) -> str:
    r"""A tag in COPY's text format: it holds no tab and no line end, but may hold a backslash."""
    return r"\N" if tag is None else tag.replace("\\", r"\\")
