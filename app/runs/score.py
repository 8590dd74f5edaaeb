"""From shares to scores, for all wallets at once. Pure: anyone can recompute a stored score from its row.

`points = floor(share * weight)`: one multiplication of IEEE doubles, where `weight` is severity * hop weight
in millionths of a point, an exact integer. A direction's score is the integer sum of its points. Its shares
are weighted by USD value or, for a wallet with no priced transfer in that direction, those of its worst
asset: the one with the highest score, the first by name among equals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.ledger.cells import DESTINATION, RESIDUALS, SOURCE, CellLayout
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.policy import Policy
from app.policy.rules import levels_by_score, rules_met

NOTHING_KNOWN = -1
"""The score of a wallet with neither flow nor a label with a category; stored as null."""


@dataclass(frozen=True)
class Contributions:
    """Points by wallet (its place in `Scores.wallet_id`) and cell, sorted so; codes as stored."""

    wallet: NDArray[np.int32]
    cell: NDArray[np.int16]
    share: NDArray[np.float64]
    points: NDArray[np.int32]


@dataclass(frozen=True)
class Scores:
    """Scores of all wallets, in millionths of a point, one place of each array a wallet.

    `by_direction` is n x 3: ownership, source, destination. `direction`, `level`, `band` and `main_category`
    are codes, -1 where there is none; `rules` is n x rules, whether each holds.
    """

    wallet_id: NDArray[np.int64]
    score: NDArray[np.int64]
    by_direction: NDArray[np.int64]
    direction: NDArray[np.int64]
    band: NDArray[np.int64]
    level: NDArray[np.int64]
    main_category: NDArray[np.int64]
    rules: NDArray[np.bool_]
    worst_asset: NDArray[np.bool_]
    contributions: Contributions


def score_wallets(
    policy: Policy,
    wallet_id: NDArray[np.int64],
    own_category: NDArray[np.int16],
    exposures: Exposures,
    asset_rank: Mapping[int, int],
) -> Scores:
    """Scores these wallets.

    Args:
        policy: severities, hop weights, bands and rules.
        wallet_id: all wallets, rising; every wallet of the exposures is among them.
        own_category: each wallet's place in `layout.categories`, -1 without a label that has a category.
        exposures: both directions, in the policy's layout.
        asset_rank: place of each asset in the order of names, by asset_id.
    """
    known = own_category >= 0
    worst_asset = np.zeros(len(wallet_id), np.bool_)
    parts = [_ownership(policy, own_category)]
    for code, direction in ((SOURCE, exposures.source), (DESTINATION, exposures.destination)):
        owner = np.searchsorted(wallet_id, direction.wallet_id)
        known[owner] = True
        weights = _weights(policy, exposures.layout, code)
        codes = code * 1024 + exposures.layout.codes(code).astype(np.int64)
        priced = np.searchsorted(wallet_id, direction.priced_wallet_id)
        parts.append(_contributions(priced, direction.combined, weights, codes))
        unpriced = np.setdiff1d(owner, priced)
        worst_asset[unpriced] = True
        rows = _worst_rows(direction, owner, np.flatnonzero(np.isin(owner, unpriced)), weights, asset_rank)
        parts.append(_contributions(owner[rows], direction.shares.take(rows), weights, codes))
    found = _joined(parts)
    by_direction = _summed(found.wallet, found.cell // 1024, found.points, (len(wallet_id), 3))
    best = by_direction.max(axis=1)
    direction_code = np.where(best > 0, by_direction.argmax(axis=1), -1)
    score = np.where(known, best, NOTHING_KNOWN)
    met = rules_met(policy, wallet_id, own_category, exposures)
    band, level = levels_by_score(policy, score, met)
    return Scores(
        wallet_id,
        score,
        by_direction,
        direction_code,
        band,
        level,
        _main_categories(found, direction_code, len(policy.categories)),
        met,
        worst_asset,
        found,
    )


def _weights(policy: Policy, layout: CellLayout, direction: int) -> NDArray[np.int64]:
    """Millionths of a point for a share of 1, by cell; 0 for residuals."""
    columns = layout.columns
    first = len(RESIDUALS)
    codes = layout.codes(direction).tolist()
    return np.array(
        [policy.micro_points(columns[code // 8], code % 8) if code // 8 >= first else 0 for code in codes],
        np.int64,
    )


def _points(shares: SparseRows, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.floor(shares.share * weights.astype(np.float64)[shares.cell]).astype(np.int64)


def _contributions(
    wallet: NDArray[np.int64], shares: SparseRows, weights: NDArray[np.int64], codes: NDArray[np.int64]
) -> Contributions:
    points = _points(shares, weights)
    found = np.flatnonzero(points)
    row = np.searchsorted(shares.starts, found, side="right") - 1
    return Contributions(
        wallet[row].astype(np.int32),
        codes[shares.cell[found]].astype(np.int16),
        shares.share[found],
        points[found].astype(np.int32),
    )


def _ownership(policy: Policy, own_category: NDArray[np.int16]) -> Contributions:
    first = len(RESIDUALS)
    severity = np.array([policy.micro_points(name, 0) for name in policy.categories], np.int64)
    owned = np.flatnonzero((own_category >= 0) & (severity[own_category] > 0))
    category = own_category[owned].astype(np.int64)
    return Contributions(
        owned.astype(np.int32),
        ((first + category) * 8).astype(np.int16),
        np.ones(len(owned)),
        severity[category].astype(np.int32),
    )


def _worst_rows(
    direction: DirectionShares,
    owner: NDArray[np.int64],
    rows: NDArray[np.int64],
    weights: NDArray[np.int64],
    asset_rank: Mapping[int, int],
) -> NDArray[np.int64]:
    """Of these rows, each wallet's with the highest score; the first by asset name among equals."""
    shares = direction.shares.take(rows)
    points = _summed(shares.rows(), np.int16(0), _points(shares, weights), (len(rows), 1))[:, 0]
    rank = np.array([asset_rank[asset] for asset in direction.asset_id[rows].tolist()], np.int64)
    order = np.lexsort((rank, -points, owner[rows]))
    _, firsts = np.unique(owner[rows][order], return_index=True)
    return rows[order[firsts]]


def _main_categories(
    found: Contributions, direction: NDArray[np.int64], categories: int
) -> NDArray[np.int64]:
    """The category with the most points in the winning direction; the first of the policy among equals."""
    winning = found.cell // 1024 == direction[found.wallet]
    column = (found.cell[winning] % 1024) // 8 - len(RESIDUALS)
    sums = _summed(found.wallet[winning], column, found.points[winning], (len(direction), categories))
    return np.where(direction >= 0, sums.argmax(axis=1), -1)


def _summed(
    row: NDArray[Any], column: NDArray[Any] | np.int16, points: NDArray[Any], shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Sums of points by row and column; their sums are far below 2^53, where doubles are exact."""
    place = row.astype(np.int64) * shape[1] + column
    return np.bincount(place, points, minlength=shape[0] * shape[1]).astype(np.int64).reshape(shape)


def _joined(parts: list[Contributions]) -> Contributions:
    joined = (
        np.concatenate([getattr(part, field) for part in parts])
        for field in ("wallet", "cell", "share", "points")
    )
    wallet, cell, share, points = joined
    order = np.argsort(wallet, kind="stable")  # each wallet's parts come in the order of their cells
    return Contributions(wallet[order], cell[order], share[order], points[order])
