"""The score of a wallet that a run does not know, by its own label alone, with the run's arithmetic."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np

from app.answers.base import WalletName
from app.answers.runs import RunName
from app.answers.scores import Contribution, ExposureItem, OwnLabel, WalletScore
from app.domain import format_points
from app.labels.effective import EffectiveLabel
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.conditions import LEVELS, Behaviour
from app.policy.policy import Policy
from app.runs.judgement.reasons import main_reason, reasons_of
from app.runs.judgement.score import score_wallets
from app.runs.judgement.subjects import subjects_of
from app.runs.results.columns import text_column
from app.runs.results.totals import BothTotals, Totals

_NO_ROWS = SparseRows(np.zeros(1, np.int64), np.zeros(0, np.int16), np.zeros(0))
_NO_IDS = np.zeros(0, np.int64)
_NO_SHARES = DirectionShares(_NO_IDS, np.zeros(0, np.int32), _NO_ROWS, _NO_IDS, _NO_ROWS)
_NO_TEXTS = text_column([])
_NO_TOTALS = Totals(_NO_IDS, np.zeros(0, np.int32), _NO_TEXTS, _NO_TEXTS, np.zeros(0), _NO_IDS, _NO_IDS)
_NOTHING = np.zeros(1, np.bool_)
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
    name: WalletName, run: RunName | None, policy: Policy, label: EffectiveLabel, notes: Sequence[str]
) -> WalletScore:
    """The score of the wallet's own label, which has a category of the policy, by that policy."""
    subjects = subjects_of(np.ones(1, np.int64), [replace(label, wallet_id=1)], policy)
    scores = score_wallets(
        policy,
        subjects,
        Exposures(policy.layout, _NO_SHARES, _NO_SHARES),
        BothTotals(_NO_TOTALS, _NO_TOTALS),
        asset_rank={},
        known_assets=np.zeros(0, np.int32),
        behaviours=dict.fromkeys(get_args(Behaviour), _NOTHING) | {"weak_label": subjects.weak_crime},
    )
    own = int(subjects.own[0])
    category = None if own < 0 else list(policy.categories)[own]
    contributions = [
        Contribution(
            direction="ownership",
            category=str(category),
            listed=None,
            firm=True,
            hop=0,
            share=1.0,
            severity=float(policy.categories[str(category)].severity.own),
            counted=1.0,
            hop_weight=1.0,
            points=format_points(points),
        )
        for points in scores.contributions.points.tolist()
    ]
    met = [rule for rule, holds in zip(policy.rules, scores.rules[0].tolist(), strict=True) if holds]
    row: Any = SimpleNamespace(
        rules=[rule.name for rule in met],
        flags=sorted({rule.flag for rule in met if rule.flag is not None}),
        band=LEVELS[int(scores.band[0])],
        risk_level=LEVELS[int(scores.level[0])],
        direction="ownership" if contributions else None,
        main_category=category,
        source_coverage=None,
        usd_received=0.0,
        usd_sent=0.0,
        cells=[],
        shares=[],
    )
    return WalletScore(
        wallet=name,
        score=format_points(int(scores.score[0])),
        risk_level=row.risk_level,
        band=row.band,
        status="complete",
        notes=list(notes),
        direction=row.direction,
        rules=row.rules,
        flags=row.flags,
        main_reason=main_reason(policy, policy.layout.columns, row, None),
        reasons=reasons_of(policy, policy.layout.columns, row, None),
        label=OwnLabel.model_validate(label, from_attributes=True),
        run=run,
        exposures=ownership_exposures(label),
        contributions=contributions,
    )
