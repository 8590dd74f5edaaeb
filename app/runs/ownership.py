"""The score of a wallet that a run does not know, by its own label alone, with the run's arithmetic."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Row

from app.answers.base import WalletName
from app.answers.scores import Contribution, ExposureItem, OwnLabel, WalletScore
from app.domain import format_points
from app.labels.effective import EffectiveLabel
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.policy import LEVELS, Policy
from app.runs.listing import run_name
from app.runs.score import score_wallets

_NO_ROWS = SparseRows(np.zeros(1, np.int64), np.zeros(0, np.int16), np.zeros(0))
_NO_IDS = np.zeros(0, np.int64)
_NO_SHARES = DirectionShares(_NO_IDS, np.zeros(0, np.int32), _NO_ROWS, _NO_IDS, _NO_ROWS)
NOT_SEEN_NOTE = "No transfer of this wallet is recorded: its score is that of its own label alone."


def ownership_exposures(label: EffectiveLabel | None) -> list[ExposureItem]:
    """The exposure of a wallet to the category of its own label; none without one."""
    if label is None or label.category is None:
        return []
    return [
        ExposureItem(
            asset=None,
            direction="ownership",
            category=label.category,
            hop=0,
            amount=None,
            decimals=None,
            share=1.0,
            usd_value=None,
        )
    ]


def ownership_score(
    name: WalletName, run: Row[Any], policy: Policy, label: EffectiveLabel, notes: Sequence[str]
) -> WalletScore:
    """The score of the wallet's own label, which has a category of the policy, by that policy."""
    assert label.category is not None  # noqa: S101 - the caller has looked
    category = list(policy.categories).index(label.category)
    exposures = Exposures(policy.layout, _NO_SHARES, _NO_SHARES)
    one, own = np.ones(1, np.int64), np.array([category], np.int16)
    scores = score_wallets(policy, one, own, exposures, {})
    contributions = [
        Contribution(
            direction="ownership",
            category=label.category,
            hop=0,
            share=1.0,
            severity=policy.severities[label.category],
            hop_weight=1.0,
            points=format_points(points),
        )
        for points in scores.contributions.points.tolist()
    ]
    return WalletScore(
        wallet=name,
        score=format_points(int(scores.score[0])),
        risk_level=LEVELS[int(scores.level[0])],
        band=LEVELS[int(scores.band[0])],
        status="complete",
        notes=list(notes),
        direction="ownership" if contributions else None,
        rules=[rule.name for rule, met in zip(policy.rules, scores.rules[0].tolist(), strict=True) if met],
        label=OwnLabel.model_validate(label, from_attributes=True),
        run=run_name(run),
        exposures=ownership_exposures(label),
        contributions=contributions,
    )
