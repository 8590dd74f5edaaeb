"""The scores of some wallets by a pass over the whole record: as of now, or as of an earlier batch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from app.labels.effective import EffectiveLabel, label_set_digest
from app.runs.compute import Computed as RunComputed
from app.runs.compute import compute_by_ledger
from app.runs.judge import Judged, judge
from app.runs.snapshot import Snapshot, open_snapshot
from app.screening.computing.base import Base
from app.screening.computing.judging import exposure_rows, score_row
from app.screening.wallets import Computed
from app.stores.postgres import Postgres
from app.verify.reaccount import reaccount
from app.verify.replay import past_snapshot, replay


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
    run: Any = SimpleNamespace(as_of=as_of, transfers=0, arithmetic=arithmetic)
    snapshot = past_snapshot(connection, run, watermark, base.policy, prices_of=base.run or _UNPRICED)
    if own:
        others = [label for label in snapshot.labels if label.wallet_id not in own]
        labels = others + [replace(label, wallet_id=one) for one, label in own.items() if label is not None]
        snapshot = replace(snapshot, labels=labels, label_set_digest=label_set_digest(labels))
    accounts = reaccount(connection, watermark, prices=snapshot.prices)
    again = replay(snapshot, base.policy, accounts, _silent)
    return _scores(snapshot, base, again.judged, again.computed, wallet_ids)


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
