"""Annotations into the record: flows of transfers, and the pools they leave behind."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from app.ledger.pool import Accounted, PoolState
from app.postgres import copy_rows

Place = tuple[int, str]
"""Order of transfers in a pool: (seq, transaction_hash)."""


@dataclass(slots=True)
class Sides:
    """What changed of one transfer's annotation: its sending side, its receiving side, or both."""

    send: tuple[int, Accounted] | None = None
    receive: tuple[int, Accounted] | None = None


_FLOW_COLUMNS = (
    "transfer_id", "seq", "revision",
    "send_pool_id", "send_epoch", "send_balance", "send_drain", "send_drain_low", "send_share", "unobserved",
    "recv_pool_id", "recv_epoch", "recv_balance", "recv_drain", "recv_drain_low",
)  # fmt: skip
_NO_FLOW = (None,) * (len(_FLOW_COLUMNS) - 3)

_RESTATED = text("""
    CREATE TEMP TABLE IF NOT EXISTS restated (
        transfer_id bigint, is_send boolean, epoch int, balance numeric, drain double precision,
        drain_low double precision, share double precision, unobserved numeric
    ) ON COMMIT DELETE ROWS
""")
_RESTATE_SENDS = text("""
    UPDATE flows f SET revision = :batch_id, send_epoch = r.epoch, send_balance = r.balance,
        send_drain = r.drain, send_drain_low = r.drain_low, send_share = r.share, unobserved = r.unobserved
    FROM restated r WHERE r.is_send AND f.transfer_id = r.transfer_id
""")
_RESTATE_DEPOSITS = text("""
    UPDATE flows f SET revision = :batch_id, recv_epoch = r.epoch, recv_balance = r.balance,
        recv_drain = r.drain, recv_drain_low = r.drain_low
    FROM restated r WHERE NOT r.is_send AND f.transfer_id = r.transfer_id
""")
_POOL_STATES = text("""
    CREATE TEMP TABLE IF NOT EXISTS pool_states (
        pool_id bigint, balance numeric, epoch int, drain double precision, drain_low double precision,
        last_seq bigint, last_transaction_hash text
    ) ON COMMIT DELETE ROWS
""")
_UPDATE_POOLS = text("""
    UPDATE pools p SET balance = s.balance, epoch = s.epoch, drain = s.drain, drain_low = s.drain_low,
        last_seq = s.last_seq, last_transaction_hash = s.last_transaction_hash
    FROM pool_states s WHERE p.pool_id = s.pool_id
""")


def write_flows(connection: Connection, batch_id: int, rows: Iterable[tuple[int, int, Sides | None]]) -> None:
    """Writes whole flows of (transfer_id, seq, both sides or None for a transfer without flow)."""
    flows = [
        (transfer_id, seq, batch_id, *(_NO_FLOW if sides is None else _both_sides(sides)))
        for transfer_id, seq, sides in rows
    ]
    # A transfer that was retracted or lives again has a row already.
    connection.execute(
        text("DELETE FROM flows WHERE transfer_id = ANY(:ids)"), {"ids": [f[0] for f in flows]}
    )
    copy_rows(connection, "flows", _FLOW_COLUMNS, flows)


def restate_flows(connection: Connection, batch_id: int, changed: Mapping[int, Sides]) -> None:
    """Rewrites the changed sides of flows that earlier batches wrote; keys are transfer ids."""
    if not changed:
        return
    connection.execute(_RESTATED)
    columns = ("transfer_id", "is_send", "epoch", "balance", "drain", "drain_low", "share", "unobserved")
    rows = (
        (transfer_id, is_send, *_state(accounted.before), accounted.share, accounted.unobserved)
        for transfer_id, sides in changed.items()
        for is_send, side in ((True, sides.send), (False, sides.receive))
        if side is not None
        for _, accounted in (side,)
    )
    copy_rows(connection, "restated", columns, rows)
    connection.execute(_RESTATE_SENDS, {"batch_id": batch_id})
    connection.execute(_RESTATE_DEPOSITS, {"batch_id": batch_id})


def write_pools(connection: Connection, pools: Collection[tuple[int, PoolState, Place]]) -> None:
    """Writes the last state and place of pools, by pool id."""
    connection.execute(_POOL_STATES)
    columns = ("pool_id", "epoch", "balance", "drain", "drain_low", "last_seq", "last_transaction_hash")
    copy_rows(
        connection, "pool_states", columns, ((pool_id, *_state(s), *last) for pool_id, s, last in pools)
    )
    connection.execute(_UPDATE_POOLS)


def _state(s: PoolState) -> tuple[Any, ...]:
    return s.epoch, s.balance, s.drain, s.drain_low


def _both_sides(sides: Sides) -> tuple[Any, ...]:
    assert sides.send is not None  # noqa: S101 - a transfer that moves something has both sides
    assert sides.receive is not None  # noqa: S101 - likewise
    (send_pool, send), (receive_pool, receive) = sides.send, sides.receive
    return (
        send_pool,
        *_state(send.before),
        send.share,
        send.unobserved,
        receive_pool,
        *_state(receive.before),
    )
