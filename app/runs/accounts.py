"""Reads the transfers of a snapshot once: the columns a trace needs, and the exact totals of every pool.

Two connections read side by side, one the annotation and one the amounts; transfers are joined and put in
ledger order here, because the server would do both on disk.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from app.domain import Progress
from app.ledger import limbs
from app.ledger.kernels import Flows
from app.ledger.wire_rows import DecimalColumnType, Decimals, RowsSink
from app.prices.used_values import Observed, UsedValues, used_values
from app.runs.results.accounts import Accounts
from app.runs.results.columns import TextColumn, text_column
from app.runs.results.totals import BothTotals, Totals
from app.runs.snapshot import Snapshot
from app.stores.copy_reader import copy_to, read_columns
from app.stores.postgres import Postgres

POSTGRES_EPOCH = 946_684_800_000_000
"""The year 2000, from which PostgreSQL counts, in microseconds since 1970."""


def read_accounts(postgres: Postgres, snapshot: Snapshot, progress: Progress) -> Accounts:
    """The transfers and pools of a snapshot, from the annotation that the record keeps."""
    with snapshot.second_connection(postgres) as second, ThreadPoolExecutor(1) as thread:
        amounts_read = thread.submit(
            _read, second, _AMOUNTS, _AMOUNT_COLUMNS, {"watermark": snapshot.watermark}
        )
        progress("reading pools", 0.0)
        pools = read_columns(
            snapshot.connection, _POOLS, {"pool_id": "int", "wallet_id": "int", "asset": "int"}
        )
        progress("reading transfers", 0.0)
        annotation = _read(snapshot.connection, _ANNOTATION, _ANNOTATION_COLUMNS)
        amounts = amounts_read.result()
    by_owner = np.lexsort((pools["asset"], pools["wallet_id"]))
    wallet_id, asset_id = pools["wallet_id"][by_owner], pools["asset"][by_owner].astype(np.int32)
    # A transfer that counts has both: its annotation, and amounts up to the watermark.
    order, at = _joined(snapshot, annotation, amounts["transfer_id"])
    pool_place = _Places(pools["pool_id"][by_owner])
    sender = pool_place.of(annotation["send_pool_id"][order]).astype(np.int32)
    receiver = pool_place.of(annotation["recv_pool_id"][order]).astype(np.int32)
    amount, usd = _rows(amounts["amount"], at), _rows(amounts["usd_value"], at)
    own_usd = limbs.nearest_fractions(usd.limbs.astype(np.int64), usd.fraction, usd.scale)
    amount_in_units = limbs.nearest(amount.limbs.astype(np.int64))
    balance, unobserved = _rows(annotation["send_balance"], order), _rows(annotation["unobserved"], order)
    send_share = annotation["send_share"][order]
    transfer_id, occurred_at = amounts["transfer_id"][at], amounts["occurred_at"][at] + POSTGRES_EPOCH
    del annotation, amounts
    values = None
    if snapshot.prices is not None:
        observed = Observed(transfer_id, asset_id[receiver], occurred_at, amount_in_units, own_usd)
        values = used_values(snapshot.connection, snapshot.prices, snapshot.watermark, observed)
        usd = _with_values(usd, transfer_id, values)
        own_usd = limbs.nearest_fractions(usd.limbs.astype(np.int64), usd.fraction, usd.scale)
    no_shifts = np.zeros(len(order), np.int16)
    flows = Flows(
        sender,
        receiver,
        amount_in_units,
        send_share,
        _kept(balance, amount, unobserved),
        limbs.nearest(unobserved.limbs.astype(np.int64)),
        own_usd,
        np.ones(len(order), np.int8),
        no_shifts,
        no_shifts,
    )
    owners = wallet_id, asset_id
    source = _totals(owners, receiver, amount, None, usd)
    destination = _totals(owners, sender, amount, unobserved, usd)
    return Accounts(flows, transfer_id, occurred_at, *owners, BothTotals(source, destination), values)


def _read(
    connection: Connection,
    select: str,
    columns: Mapping[str, DecimalColumnType],
    parameters: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The columns of a SELECT, in no order: arrays, and `Decimals` of each numeric."""
    sink = RowsSink(columns)
    copy_to(connection, select, sink, parameters)
    return sink.columns()


class _Places:
    """Where each of some different ids is."""

    def __init__(self, ids: NDArray[np.int64]) -> None:
        self._order = np.argsort(ids)
        self._sorted = ids[self._order]

    def of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of each, -1 where it is none of them."""
        if not len(self._sorted):
            return np.full(len(ids), -1, np.int64)
        near = np.minimum(np.searchsorted(self._sorted, ids), len(self._sorted) - 1)
        return np.where(self._sorted[near] == ids, self._order[near], -1)


def _joined(
    snapshot: Snapshot, annotation: dict[str, Any], transfer_ids: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the transfers that count, in ledger order: in the annotation, and in the amounts."""
    at = _Places(transfer_ids).of(annotation["transfer_id"])
    counted = np.flatnonzero(at >= 0)
    seq = annotation["seq"][counted]
    order = np.argsort(seq, kind="stable")
    in_order = seq[order]
    is_tied = np.zeros(len(order), np.bool_)
    same = in_order[1:] == in_order[:-1]
    is_tied[1:] |= same
    is_tied[:-1] |= same
    if is_tied.any():
        tied = order[is_tied]
        rank = np.zeros(len(order), np.int64)
        rank[tied] = _ranks_by_hash(snapshot, annotation["transfer_id"][counted[tied]])
        order = np.lexsort((rank, seq))
    places = counted[order]
    return places, at[places]


def _ranks_by_hash(snapshot: Snapshot, transfer_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rank of each transfer by its hash: equal places of the ledger are told apart by it."""
    ids = snapshot.connection.execute(_BY_HASH, {"transfer_ids": transfer_ids.tolist()}).scalars().all()
    return _Places(np.array(ids, np.int64)).of(transfer_ids)


def _rows(column: Decimals, rows: NDArray[np.int64]) -> Decimals:
    return Decimals(column.limbs[rows], column.fraction, column.scale)


def _with_values(usd: Decimals, transfer_id: NDArray[np.int64], values: UsedValues) -> Decimals:
    """The values with those that are used in the place of others."""
    filled = values.filled
    fraction = max(usd.fraction, 0 if filled is None else filled.fraction)
    whole = max(each.limbs.shape[1] - each.fraction for each in (usd, filled) if each is not None)
    used = usd.widened(whole + fraction, fraction).copy()
    used[values.unused] = 0
    if filled is None:
        return Decimals(used, fraction, usd.scale)
    used[_Places(transfer_id).of(values.filled_id)] = filled.widened(whole + fraction, fraction)
    return Decimals(used, fraction, max(usd.scale, filled.scale))


def _kept(balance: Decimals, amount: Decimals, unobserved: Decimals) -> NDArray[np.float64]:
    """The part of the sender's balance that stayed, subtracted while the numbers are exact."""
    width = max(column.limbs.shape[1] for column in (balance, amount, unobserved))
    stayed = balance.widened(width, 0).astype(np.int64)
    stayed += unobserved.widened(width, 0)
    stayed -= amount.widened(width, 0)
    limbs.carry(stayed)
    had = limbs.nearest(balance.limbs.astype(np.int64))
    return np.divide(limbs.nearest(stayed), had, out=np.ones_like(had), where=had > 0)


def _totals(
    owners: tuple[NDArray[np.int64], NDArray[np.int32]],
    pool: NDArray[np.int32],
    amount: Decimals,
    unobserved: Decimals | None,
    usd: Decimals,
) -> Totals:
    """The sums by pool; `pool` is each transfer's at one end."""
    counts = np.bincount(pool, minlength=len(owners[0]))
    used = np.flatnonzero(counts)
    place = np.zeros(len(counts), np.int32)
    place[used] = np.arange(len(used))
    of_transfer = place[pool]
    priced = np.bincount(of_transfer, usd.limbs.any(axis=1), minlength=len(used)).astype(np.int64)
    return Totals(
        owners[0][used],
        owners[1][used],
        _summed_text(amount, of_transfer, len(used)),
        text_column(["0"]).repeated(len(used))
        if unobserved is None
        else _summed_text(unobserved, of_transfer, len(used)),
        limbs.nearest_fractions(_summed(usd, of_transfer, len(used)), usd.fraction, usd.scale),
        counts[used],
        counts[used] - priced,
    )


def _summed(column: Decimals, place: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    sums = np.zeros((count, column.limbs.shape[1] + 1), np.int64)
    limbs.add_by_place(column.limbs, place, sums)
    limbs.carry(sums)
    return sums


def _summed_text(column: Decimals, place: NDArray[np.int32], count: int) -> TextColumn:
    return TextColumn(*limbs.decimal_texts(_summed(column, place, count)))


_POOLS = "SELECT pool_id, wallet_id, asset_id::bigint FROM pools"
_ANNOTATION_COLUMNS: dict[str, DecimalColumnType] = {
    "transfer_id": "int",
    "seq": "int",
    "send_pool_id": "int",
    "recv_pool_id": "int",
    "send_share": "float",
    "send_balance": "decimal",
    "unobserved": "decimal",
}
_ANNOTATION = f"SELECT {', '.join(_ANNOTATION_COLUMNS)} FROM flows WHERE send_pool_id IS NOT NULL"  # noqa: S608
_AMOUNT_COLUMNS: dict[str, DecimalColumnType] = {
    "transfer_id": "int",
    "occurred_at": "int",
    "amount": "decimal",
    "usd_value": "decimal",
}
_AMOUNTS = """
SELECT transfer_id, occurred_at, amount, usd_value FROM transactions
WHERE batch_id <= %(watermark)s AND (retracted_batch_id IS NULL OR retracted_batch_id > %(watermark)s)
"""
_BY_HASH = text("""
    SELECT transfer_id FROM transactions WHERE transfer_id = ANY(:transfer_ids)
    ORDER BY transaction_hash COLLATE "C"
""")
