"""The scores of some wallets by a pass over the whole record: as of now, or as of an earlier batch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from app.labels.columns import label_columns
from app.labels.effective import EffectiveLabel, label_set_digest
from app.ledger.cells import SOURCE
from app.runs.compute import Computed as RunComputed
from app.runs.compute import compute_by_ledger
from app.runs.judge import Judged, judge
from app.runs.snapshot import Snapshot, open_snapshot
from app.screening.computing.accounts import WalletAccounts
from app.screening.computing.base import Base
from app.screening.computing.judging import exposure_rows, judge_wallets, score_row
from app.screening.computing.since_run import RunRows, exposures_since_run
from app.screening.computing.transfer_shares import TransferShares
from app.screening.wallets import Computed
from app.stores.postgres import Postgres
from app.verify.reaccount import reaccount
from app.verify.replay import past_snapshot, replay
from app.verify.single_transfers import shares_of_transfers


def scores_by_ledger(postgres: Postgres, base: Base, wallet_ids: Sequence[int]) -> dict[int, Computed]:
    """Scores these wallets by all transfers and labels that are recorded now, with the base's policy.

    Raises:
        InvalidPolicy: labels use a category that the policy does not have.
        Unequal: the annotation in the record does not add up.
    """
    with open_snapshot(postgres, base.policy) as snapshot:
        computed = compute_by_ledger(postgres, None, snapshot, base.policy, _silent)
        judged = judge(base.policy, snapshot, computed)
        return _scores(snapshot, base, judged, computed, wallet_ids)


def scores_of_the_past(
    connection: Connection,
    base: Base,
    wallet_ids: Sequence[int],
    *,
    watermark: int,
    as_of: datetime,
    arithmetic: int,
    own: Mapping[int, EffectiveLabel | None],
) -> dict[int, Computed]:
    """Scores these wallets by the transfers up to a batch, with the labels of a time.

    `own` are the labels of these wallets, where they are of a later time than the others'.
    """
    snapshot = _snapshot(connection, base, watermark=watermark, as_of=as_of, arithmetic=arithmetic, own=own)
    accounts = reaccount(connection, watermark, prices=snapshot.prices)
    again = replay(snapshot, base.policy, accounts, _silent)
    return _scores(snapshot, base, again.judged, again.computed, wallet_ids)


def scores_since_past_run(
    connection: Connection,
    base: Base,
    wallet_id: int,
    *,
    watermark: int,
    own: Mapping[int, EffectiveLabel | None],
) -> dict[int, Computed]:
    """Scores a wallet as its run found it, with what came after the run up to a batch.

    As `exposures_since_run`, but the run and the transfers after it are traced again in the record.
    """
    run = base.run
    assert run is not None  # noqa: S101 - there is one that it is since
    then = scores_of_the_past(
        connection,
        base,
        [wallet_id],
        watermark=run.watermark,
        as_of=run.as_of,
        arithmetic=run.arithmetic,
        own={},
    ).get(wallet_id)
    rows = {wallet_id: RunRows() if then is None else RunRows(then.row, then.exposures)}
    past = PastTransfers(connection, base, watermark, own)
    accounts = past.accounts_of(wallet_id)
    known = base.known_assets(past.assets.values())
    exposures = exposures_since_run(
        past.labels.layout, rows, accounts, watermark=run.watermark, known_assets=known, follow=past.shares
    )
    names = sorted(past.assets, key=lambda one: (past.assets[one].chain, past.assets[one].asset.encode()))
    judged = judge_wallets(
        base.policy,
        [wallet_id],
        past.snapshot.labels,
        exposures,
        accounts.accounts,
        known_assets=known,
        asset_rank={asset_id: place for place, asset_id in enumerate(names)},
    )
    stored = exposure_rows(exposures, accounts.accounts.totals, past.assets, [wallet_id])
    columns = exposures.layout.columns
    of_wallet = stored.get(wallet_id, [])
    return {wallet_id: Computed(judged[wallet_id], of_wallet, columns, watermark, "run_and_paths")}


class PastTransfers:
    """The transfers up to a batch, accounted again, with the labels of a run."""

    def __init__(
        self,
        connection: Connection,
        base: Base,
        watermark: int,
        own: Mapping[int, EffectiveLabel | None] | None = None,
    ) -> None:
        run = base.run
        assert run is not None  # noqa: S101 - the labels are those of one
        self._connection = connection
        self._run = run
        self.snapshot = _snapshot(
            connection, base, watermark=watermark, as_of=run.as_of, arithmetic=run.arithmetic, own=own or {}
        )
        self.labels = label_columns(self.snapshot.labels, base.policy)
        self.assets = {row.asset_id: row for row in connection.execute(_ASSETS)}
        self._accounts = reaccount(connection, watermark, prices=self.snapshot.prices)

    def shares(self, direction: int, transfer_ids: Sequence[int]) -> TransferShares:
        """Where the money of these transfers came from, or went."""
        return shares_of_transfers(self._accounts, self.labels, direction, transfer_ids)

    def sources(self, transfer_ids: Sequence[int]) -> TransferShares:
        """Where the money of these transfers came from."""
        return self.shares(SOURCE, transfer_ids)

    def accounts_of(self, wallet_id: int) -> WalletAccounts:
        """All accounts with the totals of this wallet alone, and its transfers as rows."""
        every = self._accounts
        sender, receiver = (
            every.wallet_id[pools] for pools in (every.flows.sender_pool, every.flows.receiver_pool)
        )
        mine = np.flatnonzero((sender == wallet_id) | (receiver == wallet_id))
        ids = every.transfer_id[mine].tolist()
        found = self._connection.execute(_BATCHES, {"transfer_ids": ids})
        batches: dict[int, int] = {row.transfer_id: row.batch_id for row in found}
        rows = [
            SimpleNamespace(
                transfer_id=int(every.transfer_id[place]),
                batch_id=batches[int(every.transfer_id[place])],
                sender_id=int(sender[place]),
                receiver_id=int(receiver[place]),
                asset_id=int(every.asset_id[every.flows.sender_pool[place]]),
                amount=float(every.flows.amount[place]),
                usd_value=float(every.flows.usd[place]),
            )
            for place in mine.tolist()
        ]
        return WalletAccounts(every, {}, frozenset(), rows, self.assets, {}).only([wallet_id])


def _snapshot(
    connection: Connection,
    base: Base,
    *,
    watermark: int,
    as_of: datetime,
    arithmetic: int,
    own: Mapping[int, EffectiveLabel | None],
) -> Snapshot:
    run: Any = SimpleNamespace(as_of=as_of, transfers=0, arithmetic=arithmetic)
    snapshot = past_snapshot(connection, run, watermark, base.policy, prices_of=base.run or _UNPRICED)
    if not own:
        return snapshot
    others = [label for label in snapshot.labels if label.wallet_id not in own]
    labels = others + [replace(label, wallet_id=one) for one, label in own.items() if label is not None]
    return replace(snapshot, labels=labels, label_set_digest=label_set_digest(labels))


def _scores(
    snapshot: Snapshot,
    base: Base,
    judged: Judged,
    computed: RunComputed,
    wallet_ids: Sequence[int],
) -> dict[int, Computed]:
    named = {row.asset_id: row for row in snapshot.connection.execute(_ASSETS)}
    exposures, totals = computed.exposures, computed.accounts.totals
    stored = exposure_rows(exposures, totals, named, wallet_ids)
    found = {}
    for wallet_id in wallet_ids:
        place = int(np.searchsorted(judged.scores.wallet_id, wallet_id))
        if place < len(judged.scores.wallet_id) and judged.scores.wallet_id[place] == wallet_id:
            row = score_row(
                base.policy,
                judged.scores,
                place,
                int(judged.unpriced[place]),
                int(judged.transfer_id[place]),
            )
            found[wallet_id] = Computed(
                row, stored.get(wallet_id, []), exposures.layout.columns, snapshot.watermark, "ledger"
            )
    return found


def _silent(_step: str, _part: float) -> None:
    """A screening has no progress."""


_UNPRICED: Any = SimpleNamespace(prices_digest=None, registry_digest=None)
_ASSETS = text("SELECT asset_id, chain, asset, decimals FROM assets")
_BATCHES = text("SELECT transfer_id, batch_id FROM transactions WHERE transfer_id = ANY(:transfer_ids)")
