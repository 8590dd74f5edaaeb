"""The pools that a batch changes: read before it, written after it; one that is new is written once."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, text

from app.ledger.pool import EMPTY, PoolState
from app.stores.arrays import array_of_integers
from app.stores.copy_writer import copy_plain_rows
from ingest.record.changes import PoolAccount, PoolKey

# The batch has locked the assets: nobody else adds one of these pools, or changes it, until it ends.
_POOLS = text("""
    SELECT p.pool_id, p.balance::text, p.epoch, p.drain, p.drain_low, p.last_seq, p.last_transaction_hash
    FROM unnest(:wallets ::bigint[], :assets ::int[]) WITH ORDINALITY k (wallet_id, asset_id, number)
    LEFT JOIN pools p ON (p.wallet_id, p.asset_id) = (k.wallet_id, k.asset_id)
    ORDER BY k.number
""")
_POOL_IDS = text("""
    SELECT nextval((SELECT pg_get_serial_sequence('pools', 'pool_id')::regclass))
    FROM generate_series(1, :count)
""")
_POOL_STATES = text("""
    CREATE TEMP TABLE IF NOT EXISTS pool_states (
        pool_id bigint, epoch int, balance numeric, drain double precision, drain_low double precision,
        last_seq bigint, last_transaction_hash text, last_batch_id bigint
    ) ON COMMIT DELETE ROWS
""")
_UPDATE_POOLS = text("""
    UPDATE pools p SET balance = s.balance, epoch = s.epoch, drain = s.drain, drain_low = s.drain_low,
        last_seq = s.last_seq, last_transaction_hash = s.last_transaction_hash,
        last_batch_id = s.last_batch_id
    FROM pool_states s WHERE p.pool_id = s.pool_id
""")
_STATE_COLUMNS = (
    "pool_id", "epoch", "balance", "drain", "drain_low", "last_seq", "last_transaction_hash", "last_batch_id",
)  # fmt: skip
_NEW_COLUMNS = (*_STATE_COLUMNS, "wallet_id", "asset_id")
_BEFORE_ALL = (-1, "")
"""The place of the last transfer of a pool that has none."""


def read_pools(connection: Connection, keys: Collection[PoolKey]) -> dict[PoolKey, PoolAccount]:
    """The pools of these keys; one that the record does not have is empty, and has its id already."""
    in_order = sorted(keys)
    arrays = {
        "wallets": array_of_integers(wallet_id for wallet_id, _ in in_order),
        "assets": array_of_integers(asset_id for _, asset_id in in_order),
    }
    accounts: dict[PoolKey, PoolAccount] = {}
    new: list[PoolKey] = []
    for key, row in zip(in_order, connection.execute(_POOLS, arrays), strict=True):
        pool_id, balance, epoch, drain, drain_low, last_seq, last_hash = row
        if pool_id is None:
            new.append(key)
        else:
            state = PoolState(int(balance), epoch, drain, drain_low)
            accounts[key] = PoolAccount(pool_id, state, (last_seq, last_hash))
    if new:
        ids: Sequence[int] = connection.execute(_POOL_IDS, {"count": len(new)}).scalars().all()
        for key, pool_id in zip(new, ids, strict=True):
            accounts[key] = PoolAccount(pool_id, EMPTY, _BEFORE_ALL, new_key=key)
    return accounts


def write_pools(connection: Connection, batch_id: int, pools: Collection[PoolAccount]) -> None:
    """Writes the last state and place of each pool, and that this batch has changed it."""
    known = [pool for pool in pools if pool.new_key is None]
    if known:
        connection.execute(_POOL_STATES)
        copy_plain_rows(connection, "pool_states", _STATE_COLUMNS, (_row(batch_id, pool) for pool in known))
        connection.execute(_UPDATE_POOLS)
    new = [(pool, pool.new_key) for pool in pools if pool.new_key is not None]
    if new:
        copy_plain_rows(connection, "pools", _NEW_COLUMNS, (_row(batch_id, pool) + key for pool, key in new))


def _row(batch_id: int, pool: PoolAccount) -> tuple[Any, ...]:
    balance, epoch, drain, drain_low = pool.state
    return (pool.pool_id, epoch, str(balance), drain, drain_low, *pool.last, batch_id)
