"""The transfers that some wallets' judgement looks at, read from the record by wallet.

A run reads all of them (`app/runs/accounts.py`). Of one wallet these are enough: its own, and those of
wallets that it paid and that may collect for crime.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, text

from app.domain import ZERO_ADDRESS
from app.ledger.cells import DESTINATION, SOURCE
from app.policy.policy import Policy
from app.runs.results.accounts import Accounts
from app.runs.results.totals import BothTotals, Total, Totals, as_columns

MAX_TRANSFERS = 5_000
"""Of one pool and direction. A wallet with more is judged by the run, and its screening is incomplete."""


@dataclass(frozen=True)
class WalletAccounts:
    """The accounts of some wallets; `busy` have more transfers than are read."""

    accounts: Accounts
    addresses: Mapping[int, tuple[str, str]]
    """Chain and address of the zero address, and of the wallets of the transfers that have or had labels."""
    busy: frozenset[int]
    rows: Sequence[Any]
    """The transfers in their order, each with its batch and the last one that restated it."""
    assets: Mapping[int, Row[Any]]
    """Name and decimals of each asset."""
    other_values: Mapping[int, Sequence[tuple[int, float]]]
    """By wallet, its transfers whose own value the run does not use, and the one that it uses; 0 is none."""

    def only(self, wallet_ids: Sequence[int]) -> "WalletAccounts":
        """The same with the totals of these wallets alone."""
        mine = np.array(wallet_ids, np.int64)
        totals = self.accounts.totals
        fewer = totals._replace(
            source=_only(totals.source, mine), destination=_only(totals.destination, mine)
        )
        return replace(self, accounts=replace(self.accounts, totals=fewer))


@dataclass(frozen=True)
class OwnTransfers:
    """The transfers of some wallets up to a batch, by transfer_id, and their pools.

    Of `busy` wallets some are missing.
    """

    wallet_ids: Collection[int]
    rows: Mapping[int, Row[Any]]
    owner: Mapping[int, int]
    """Whose each pool is."""
    busy: frozenset[int]
    limits: Mapping[str, int | None]


def read_own_transfers(
    connection: Connection, wallet_ids: Collection[int], run: Row[Any], watermark: int
) -> OwnTransfers:
    """The transfers of these wallets up to a batch."""
    limits: dict[str, int | None] = {
        "watermark": watermark,
        "limit": MAX_TRANSFERS + 1,
        "values_of": run_of_values(run),
    }
    pools = connection.execute(_POOLS, {"wallet_ids": list(wallet_ids)}).all()
    rows = {row.transfer_id: row for row in _flows(connection, [pool.pool_id for pool in pools], limits)}
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for row in rows.values():
        counts[SOURCE, row.recv_pool_id] += 1
        counts[DESTINATION, row.send_pool_id] += 1
    owner = {pool.pool_id: pool.wallet_id for pool in pools}
    busy = frozenset(owner[pool] for (_, pool), n in counts.items() if n > MAX_TRANSFERS and pool in owner)
    return OwnTransfers(wallet_ids, rows, owner, busy, limits)


def read_wallet_accounts(
    connection: Connection, own: OwnTransfers, policy: Policy, run: Row[Any]
) -> WalletAccounts:
    """The accounts of the wallets of these transfers, with the transfers of those that collect from them."""
    rows = dict(own.rows)
    if policy.mule is not None:
        paid = {row.recv_pool_id for row in rows.values() if row.send_pool_id in own.owner}
        collecting = _collecting(connection, paid - own.owner.keys(), policy, run)
        rows |= {row.transfer_id: row for row in _flows(connection, collecting, own.limits)}
    in_order = sorted(rows.values(), key=lambda row: (row.seq, row.transaction_hash))
    accounts = _accounts(in_order, frozenset(own.wallet_ids))
    wallets = np.union1d(accounts.wallet_id, np.array(list(own.wallet_ids), np.int64)).tolist()
    named = connection.execute(_LABELLED, {"wallet_ids": wallets, "zero": ZERO_ADDRESS})
    assets = connection.execute(_ASSETS, {"asset_ids": np.unique(accounts.asset_id).tolist()})
    return WalletAccounts(
        accounts,
        {row.wallet_id: (row.chain, row.address) for row in named},
        own.busy,
        in_order,
        {row.asset_id: row for row in assets},
        _other_values(in_order) if own.limits["values_of"] is not None else {},
    )


def _only(totals: Totals, wallet_ids: Any) -> Totals:  # noqa: ANN401 - an array
    rows = np.flatnonzero(np.isin(totals.wallet_id, wallet_ids))
    return Totals(
        totals.wallet_id[rows],
        totals.asset_id[rows],
        totals.total.take(rows),
        totals.unobserved.take(rows),
        totals.usd_value[rows],
        totals.transfers[rows],
        totals.unpriced_transfers[rows],
    )


def run_of_values(run: Row[Any] | None) -> int | None:
    """The run whose values of transfers are not all their own; None where they are."""
    if run is None or not (run.unused_values or run.imported_values):
        return None
    return int(run.run_id)


def _other_values(rows: Iterable[Row[Any]]) -> dict[int, list[tuple[int, float]]]:
    others: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for row in rows:
        if row.usd_value != row.own_usd_value:
            for wallet_id in (row.sender_id, row.receiver_id):
                others[wallet_id].append((row.transfer_id, float(row.usd_value or 0)))
    return others


def _flows(
    connection: Connection, pools: Iterable[int], limits: Mapping[str, int | None]
) -> Sequence[Row[Any]]:
    asked = sorted(pools)
    return connection.execute(_FLOWS, {"pools": asked, **limits}).all() if asked else []


def _collecting(connection: Connection, paid: set[int], policy: Policy, run: Row[Any]) -> list[int]:
    """Of these pools those that may be a mule's: the run said so, or they have changed since."""
    assert policy.mule is not None  # noqa: S101 - the caller looked
    if not paid:
        return []
    parameters = {
        "pools": sorted(paid),
        "run_id": run.run_id,
        "watermark": run.watermark,
        "rules": [rule.name for rule in policy.rules if rule.when.behaviour == "mule"],
        "categories": list(policy.mule.categories),
    }
    return list(connection.execute(_COLLECTING, parameters).scalars())


def _accounts(rows: Sequence[Row[Any]], wallet_ids: frozenset[int]) -> Accounts:
    """The transfers as columns, and the totals of these wallets alone."""
    of: dict[str, Sequence[Any]] = defaultdict(tuple)
    if rows:
        of.update(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    wallets = np.array([*of["sender_id"], *of["receiver_id"]], np.int64)
    assets = np.array([*of["asset_id"], *of["asset_id"]], np.int64)
    owners, place = np.unique(np.stack([wallets, assets], axis=1), axis=0, return_inverse=True)
    sender_pool, receiver_pool = place.reshape(2, -1).astype(np.int32)
    flows: Any = SimpleNamespace(
        sender_pool=sender_pool,
        receiver_pool=receiver_pool,
        amount=np.array(of["amount"], np.float64),
        usd=np.array([usd or 0 for usd in of["usd_value"]], np.float64),
    )
    return Accounts(
        flows,
        np.array(of["transfer_id"], np.int64),
        np.array(of["moment"], np.int64),
        owners[:, 0].copy(),
        owners[:, 1].astype(np.int32),
        totals_of(rows, wallet_ids),
    )


def totals_of(rows: Iterable[Row[Any]], wallet_ids: frozenset[int]) -> BothTotals:
    """The exact totals of these wallets in transfers."""
    sums: dict[tuple[int, int, int], list[Any]] = {}
    for row in rows:
        for direction, wallet_id in ((SOURCE, row.receiver_id), (DESTINATION, row.sender_id)):
            if wallet_id not in wallet_ids:
                continue
            key = direction, wallet_id, row.asset_id
            total = sums.setdefault(key, [0, 0, Decimal(0), 0, 0])
            total[0] += int(row.amount)
            total[1] += int(row.unobserved) if direction == DESTINATION else 0
            total[2] += row.usd_value or 0
            total[3] += 1
            total[4] += not row.usd_value
    return as_columns(
        [
            Total(*key, str(total[0]), str(total[1]), float(total[2]), total[3], total[4])
            for key, total in sorted(sums.items())
        ]
    )


_POOLS = text("SELECT pool_id, wallet_id FROM pools WHERE wallet_id = ANY(:wallet_ids)")
USED_VALUE = """
    t.usd_value AS own_usd_value,
    CASE WHEN CAST(:values_of AS bigint) IS NULL THEN t.usd_value ELSE used_usd(t.transfer_id, t.asset_id,
        t.occurred_at, t.amount, t.usd_value, CAST(:values_of AS bigint)) END AS usd_value
"""
"""Of a transfer `t`: its own value, and the one that the run `values_of` uses (`run_of_values`)."""
_FLOWS = text(f"""
    SELECT f.transfer_id, f.seq, f.revision, t.batch_id, t.transaction_hash, t.amount, {USED_VALUE},
        f.unobserved, t.asset_id,
        f.send_pool_id, f.recv_pool_id, t.sender_id, t.receiver_id,
        (extract(epoch FROM t.occurred_at) * 1000000)::bigint AS moment
    FROM unnest(CAST(:pools AS bigint[])) AS asked (pool_id) CROSS JOIN LATERAL (
        (SELECT * FROM flows WHERE send_pool_id = asked.pool_id ORDER BY seq DESC LIMIT :limit)
        UNION ALL
        (SELECT * FROM flows WHERE recv_pool_id = asked.pool_id AND send_pool_id <> asked.pool_id
         ORDER BY seq DESC LIMIT :limit)
    ) AS f
    JOIN transactions t USING (transfer_id)
    WHERE t.batch_id <= :watermark
      AND (t.retracted_batch_id IS NULL OR t.retracted_batch_id > :watermark)
""")  # noqa: S608 - constants of this file
_COLLECTING = text("""
    SELECT p.pool_id FROM unnest(CAST(:pools AS bigint[])) AS asked (pool_id) JOIN pools p USING (pool_id)
    WHERE (p.last_batch_id > :watermark OR cardinality(CAST(:rules AS text[])) = 0 OR EXISTS (
            SELECT FROM risk_scores s WHERE s.wallet_id = p.wallet_id
              AND is_of_run(s.run_id, s.until_run_id, :run_id) AND s.rules && CAST(:rules AS text[])))
      AND EXISTS (
        SELECT FROM flows f JOIN transactions t USING (transfer_id)
        JOIN wallets w ON w.wallet_id = t.receiver_id
        JOIN labels l ON l.address = w.address AND l.category = ANY(CAST(:categories AS text[]))
            AND l.tag IS NULL
        WHERE f.send_pool_id = p.pool_id)
""")
_LABELLED = text("""
    SELECT w.wallet_id, w.chain, w.address FROM wallets w
    WHERE w.wallet_id = ANY(:wallet_ids)
      AND (w.address = :zero OR EXISTS (SELECT FROM labels l WHERE l.address = w.address))
""")
_ASSETS = text("SELECT asset_id, chain, asset, decimals FROM assets WHERE asset_id = ANY(:asset_ids)")
