"""Risk levels: the band of the score, raised by the policy's rules, which see every asset, priced or not."""

import numpy as np
from numpy.typing import NDArray

from app.domain import MICRO
from app.ledger.shares import DirectionShares, Exposures
from app.policy.policy import LEVELS, Condition, Policy

SHARE_TOLERANCE = 1e-12
"""A share this close below a threshold meets it, so that both engines agree where the sum is exact."""


def rules_met(
    policy: Policy, wallet_id: NDArray[np.int64], own_category: NDArray[np.int16], exposures: Exposures
) -> NDArray[np.bool_]:
    """Whether each rule of the policy (second axis) is true of each wallet (first axis)."""
    names = exposures.layout.categories
    met = np.zeros((len(wallet_id), len(policy.rules)), np.bool_)
    for number, rule in enumerate(policy.rules):
        categories = [names.index(name) for name in rule.when.categories]
        if rule.when.direction in {"ownership", "any"}:
            met[:, number] |= np.isin(own_category, categories)
        for name, direction in (("source", exposures.source), ("destination", exposures.destination)):
            if rule.when.direction in {name, "any"}:
                wallets = _exposed_wallets(exposures, direction, rule.when, categories)
                met[np.searchsorted(wallet_id, wallets), number] = True
    return met


def levels_by_score(
    policy: Policy, score: NDArray[np.int64], met: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Band and level of each score, as indexes of LEVELS; -1 where the score is negative (unknown)."""
    bounds = [int(bound * MICRO) for bound in (policy.bands.medium, policy.bands.high, policy.bands.severe)]
    band = np.searchsorted(np.array(bounds, np.int64), score, side="right")
    level = band.copy()
    for number, rule in enumerate(policy.rules):
        level = np.where(met[:, number], np.maximum(level, LEVELS.index(rule.level_at_least)), level)
    return np.where(score < 0, -1, band), np.where(score < 0, -1, level)


def _exposed_wallets(
    exposures: Exposures, direction: DirectionShares, when: Condition, categories: list[int]
) -> NDArray[np.int64]:
    """The ids of wallets with an asset that meets the condition."""
    layout = exposures.layout
    hops = range(1, min(when.hop_at_most, layout.hop_limit) + 1)
    cells = np.zeros(layout.width, np.bool_)
    cells[[layout.category(category, hop) for category in categories for hop in hops]] = True
    share = direction.shares.sums(cells)
    exposed: NDArray[np.int64] = direction.wallet_id[
        (share > 0) & (share >= when.share_at_least - SHARE_TOLERANCE)
    ]
    return exposed
