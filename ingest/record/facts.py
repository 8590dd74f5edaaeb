"""Facts into the record: transfers stored once, conflicts noticed, retractions applied as they arrive."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, text

from app.domain import Retraction, Transfer
from app.stores.copy_writer import copy_lines

_STAGING = text("""
    CREATE TEMP TABLE IF NOT EXISTS incoming (
        position int, chain text, transaction_hash text, transfer_index int, block_number int,
        transaction_index int, occurred_at timestamptz, sender text, receiver text, asset text,
        amount numeric, decimals smallint, usd_value numeric, is_first boolean
    ) ON COMMIT DELETE ROWS
""")
_COLUMNS = (
    "position", "chain", "transaction_hash", "transfer_index", "block_number", "transaction_index",
    "occurred_at", "sender", "receiver", "asset", "amount", "decimals", "usd_value", "is_first",
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
    ORDER BY asset_id FOR UPDATE  -- in id order, so that two writers never wait in a ring
""")
_ADD_WALLETS = text("""
    INSERT INTO wallets (chain, address, batch_id)
    SELECT chain, address, :batch_id
    FROM (SELECT chain, sender FROM incoming UNION SELECT chain, receiver FROM incoming) s (chain, address)
    WHERE NOT EXISTS (SELECT FROM wallets w WHERE (w.chain, w.address) = (s.chain, s.address))
    ORDER BY chain, address  -- in one order everywhere: two batches that add the same wallets do not deadlock
    ON CONFLICT DO NOTHING
""")
_SAME_TRANSFER = """
    (t.transaction_hash, t.transfer_index, t.chain) = (i.transaction_hash, i.transfer_index, i.chain)
    AND t.block_number = i.block_number AND t.transaction_index = i.transaction_index
    AND t.occurred_at = i.occurred_at AND t.amount = i.amount
    AND t.decimals IS NOT DISTINCT FROM i.decimals AND t.usd_value IS NOT DISTINCT FROM i.usd_value
    AND t.sender_id = (SELECT wallet_id FROM wallets w WHERE (w.chain, w.address) = (i.chain, i.sender))
    AND t.receiver_id = (SELECT wallet_id FROM wallets w WHERE (w.chain, w.address) = (i.chain, i.receiver))
    AND t.asset_id = (SELECT asset_id FROM assets a WHERE (a.chain, a.asset) = (i.chain, i.asset))
"""
_REVIVE = text(f"""
    UPDATE transactions t SET retracted_batch_id = NULL FROM incoming i
    WHERE t.retracted_batch_id IS NOT NULL AND {_SAME_TRANSFER}
    AND NOT EXISTS (SELECT FROM transactions l WHERE l.retracted_batch_id IS NULL
        AND (l.transaction_hash, l.transfer_index, l.chain) = (t.transaction_hash, t.transfer_index, t.chain))
    RETURNING i.position, t.transfer_id
""")  # noqa: S608 - a constant of this file
_STORE = text("""
    INSERT INTO transactions (
        chain, transaction_hash, transfer_index, block_number, transaction_index, occurred_at,
        sender_id, receiver_id, asset_id, amount, decimals, usd_value, batch_id)
    SELECT
        i.chain, i.transaction_hash, i.transfer_index, i.block_number, i.transaction_index, i.occurred_at,
        s.wallet_id, r.wallet_id, a.asset_id, i.amount, i.decimals, i.usd_value, :batch_id
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
_RETRACT = text("""
    UPDATE transactions t SET retracted_batch_id = :batch_id
    WHERE t.transaction_hash = :transaction_hash AND t.chain = :chain AND t.retracted_batch_id IS NULL
    AND (CAST(:transfer_index AS int) IS NULL OR t.transfer_index = :transfer_index)
    AND t.asset_id = (SELECT asset_id FROM assets a WHERE (a.chain, a.asset) = (:chain, :asset))
    RETURNING t.transfer_id
""")
_RECORD_RETRACTION = text("""
    INSERT INTO retractions (chain, transaction_hash, asset, transfer_index, observed_at, batch_id, retracted)
    VALUES (:chain, :transaction_hash, :asset, :transfer_index, :observed_at, :batch_id, :retracted)
    ON CONFLICT DO NOTHING
""")


Place = tuple[int, str]
"""Order of transfers in a pool: (seq, transaction_hash)."""


class Change(NamedTuple):
    """A transfer that is new to its pools, or that has left them; a pool is (wallet_id, asset_id)."""

    transfer_id: int
    place: Place
    sender: tuple[int, int]
    receiver: tuple[int, int]
    amount: int

    @property
    def has_flow(self) -> bool:
        """Zero amounts and transfers to oneself are recorded and move nothing between pools."""
        return self.amount > 0 and self.sender != self.receiver


@dataclass
class Changes:
    """What a batch did to the record.

    `counted` and `retracted` are ids of transfers that have to be accounted again; `unaccounted` are those
    that did not count before this batch, `new` those that were not there, with what accounting needs of them.
    `stored` and `conflicts` are positions of messages in the batch, every other event was a duplicate.
    """

    new: dict[int, Change] = field(default_factory=dict)
    counted: set[int] = field(default_factory=set)
    retracted: set[int] = field(default_factory=set)
    unaccounted: set[int] = field(default_factory=set)
    stored: set[int] = field(default_factory=set)
    conflicts: set[int] = field(default_factory=set)


def claim_assets(connection: Connection, events: Iterable[Transfer | Retraction]) -> None:
    """Makes this transaction, until it ends, the only writer of the events' assets and so of their pools."""
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

    A transfer that is there already is a duplicate; one whose identity is there with another payload is a
    conflict; one that is there but retracted counts again (the chain has come back to a block it had left).
    """
    first: dict[tuple[str, str, int], tuple[int, Transfer]] = {}
    for item in transfers:
        first.setdefault((item[1].chain, item[1].transaction_hash, item[1].transfer_index), item)
    first_positions = {position for position, _ in first.values()}
    connection.execute(_STAGING)
    connection.execute(text("DELETE FROM incoming"))
    lines = (_line(position, t, position in first_positions) for position, t in transfers)
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
    # What this batch has taken back and brings back is accounted already, unless it is also new.
    changes.counted.update(stored, revived.keys() & changes.unaccounted)
    changes.retracted.difference_update(revived)


def retract(
    connection: Connection, batch_id: int, position: int, retraction: Retraction, changes: Changes
) -> None:
    """Takes back the transfers a retraction names, and records it even with nothing to take back."""
    parameters = {
        "batch_id": batch_id,
        "chain": retraction.chain,
        "transaction_hash": retraction.transaction_hash,
        "asset": retraction.asset,
        "transfer_index": retraction.transfer_index,
    }
    taken_back = set(connection.execute(_RETRACT, parameters).scalars())
    recorded = connection.execute(
        _RECORD_RETRACTION,
        {**parameters, "observed_at": retraction.observed_at, "retracted": len(taken_back)},
    )
    if recorded.rowcount:
        changes.stored.add(position)
    changes.counted.difference_update(taken_back)
    changes.retracted.update(taken_back)


def _line(position: int, t: Transfer, is_first: bool) -> str:  # noqa: FBT001 - a column
    return (
        f"{position}\t{t.chain}\t{t.transaction_hash}\t{t.transfer_index}\t{t.block_number}\t"
        f"{t.transaction_index}\t{t.occurred_at}\t{t.sender}\t{t.receiver}\t{t.asset}\t{t.amount}\t"
        f"{_or_null(t.decimals)}\t{_or_null(t.usd_value)}\t{is_first}"
    )


def _or_null(value: object) -> object:
    return r"\N" if value is None else value
