"""Risk levels: the band of the score, raised by the policy's rules, which see every asset, priced or not."""

import numpy as np
from numpy.typing import NDArray

from app.domain import MICRO
from app.ledger.shares import DirectionShares, Exposures
from app.policy.policy import LEVELS, Condition, Policy

SHARE_TOLERANCE = 1e-12
"""A share this close below a rule's threshold meets it: both engines answer alike where the sum is exact."""


def rules_met(
    policy: Policy, wallet_id: NDArray[np.int64], own_category: NDArray[np.int16], exposures: Exposures
) -> NDArray[np.bool_]:
    """Whether each rule of the policy (second axis) holds for each wallet (first axis)."""
    names = exposures.layout.categories
    met = np.zeros((len(wallet_id), len(policy.rules)), np.bool_)
    for number, rule in enumerate(policy.rules):
        wanted = [names.index(name) for name in rule.when.categories]
        if rule.when.direction in {"ownership", "any"}:
            met[:, number] |= np.isin(own_category, wanted)
        for name, direction in (("source", exposures.source), ("destination", exposures.destination)):
            if rule.when.direction in {name, "any"}:
                met[np.searchsorted(wallet_id, _touched(exposures, direction, rule.when, wanted)), number] = (
                    True
                )
    return met


def levels_by_score(
    policy: Policy, score: NDArray[np.int64], met: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Band and level of each score, as places in LEVELS; -1 where the score is negative (nothing known)."""
    bounds = [int(bound * MICRO) for bound in (policy.bands.medium, policy.bands.high, policy.bands.severe)]
    band = np.searchsorted(np.array(bounds, np.int64), score, side="right")
    level = band.copy()
    for number, rule in enumerate(policy.rules):
        level = np.where(met[:, number], np.maximum(level, LEVELS.index(rule.level_at_least)), level)
    return np.where(score < 0, -1, band), np.where(score < 0, -1, level)


def _touched(
    exposures: Exposures, direction: DirectionShares, when: Condition, wanted: list[int]
) -> NDArray[np.int64]:
    """Wallets one of whose assets meets the condition."""
    layout = exposures.layout
    hops = range(1, min(when.hop_at_most, layout.hop_limit) + 1)
    cells = np.zeros(layout.width, np.bool_)
    cells[[layout.category(category, hop) for category in wanted for hop in hops]] = True
    share = direction.shares.sums(cells)
    touched: NDArray[np.int64] = direction.wallet_id[
        (share > 0) & (share >= when.share_at_least - SHARE_TOLERANCE)
    ]
    return touched
