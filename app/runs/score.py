"""From shares to scores, for all wallets at once. Pure: anyone can recompute a stored score from its row.

Each share gives points (`app.policy.points`); a direction's score is their sum. Its shares are weighted by
USD value or, for a wallet with no priced transfer in that direction, those of its worst asset: the one with
the highest score, the first by name among equals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.ledger.cells import (
    DESTINATION,
    OWNERSHIP,
    RESIDUALS,
    SOURCE,
    CellLayout,
    Cells,
    decode_all,
    encode_all,
)
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.points import points_of_all
from app.policy.policy import Policy
from app.policy.rules import levels_by_score, rules_met

NOTHING_KNOWN = -1
"""The score of a wallet with neither flow nor a label with a category; stored as null."""


@dataclass(frozen=True)
class Contributions:
    """Points by wallet (its place in `Scores.wallet_id`) and code of a cell, sorted so."""

    wallet: NDArray[np.int32]
    code: NDArray[np.int16]
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
    by_direction = [_ownership(policy, own_category)]
    for number, direction in ((SOURCE, exposures.source), (DESTINATION, exposures.destination)):
        owner = np.searchsorted(wallet_id, direction.wallet_id)
        known[owner] = True
        codes = exposures.layout.codes(number)
        weights = _weights(policy, exposures.layout, codes)
        priced = np.searchsorted(wallet_id, direction.priced_wallet_id)
        by_direction.append(_contributions(priced, direction.combined, weights, codes))
        unpriced = np.setdiff1d(owner, priced)
        worst_asset[unpriced] = True
        rows = _worst_rows(direction, owner, np.flatnonzero(np.isin(owner, unpriced)), weights, asset_rank)
        by_direction.append(_contributions(owner[rows], direction.shares.take(rows), weights, codes))
    contributions = _joined(by_direction)
    cells = decode_all(contributions.code)
    sums = _summed(contributions.wallet, cells.direction, contributions.points, (len(wallet_id), 3))
    best = sums.max(axis=1)
    winning = np.where(best > 0, sums.argmax(axis=1), -1)
    score = np.where(known, best, NOTHING_KNOWN)
    met = rules_met(policy, wallet_id, own_category, exposures)
    band, level = levels_by_score(policy, score, met)
    return Scores(
        wallet_id,
        score,
        sums,
        winning,
        band,
        level,
        _main_categories(contributions, cells, winning, len(policy.categories)),
        met,
        worst_asset,
        contributions,
    )


def _weights(policy: Policy, layout: CellLayout, codes: NDArray[np.int16]) -> NDArray[np.int64]:
    """Millionths of a point for a share of 1, by cell of a row; 0 for residuals."""
    cells = decode_all(codes)
    return np.array(
        [
            policy.micro_points(layout.columns[column], hop) if column >= len(RESIDUALS) else 0
            for column, hop in zip(cells.column.tolist(), cells.hop.tolist(), strict=True)
        ],
        np.int64,
    )


def _points(shares: SparseRows, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    return points_of_all(shares.share, weights[shares.cell])


def _contributions(
    wallet: NDArray[np.int64], shares: SparseRows, weights: NDArray[np.int64], codes: NDArray[np.int16]
) -> Contributions:
    points = _points(shares, weights)
    counted = np.flatnonzero(points)
    row = np.searchsorted(shares.starts, counted, side="right") - 1
    return Contributions(
        wallet[row].astype(np.int32),
        codes[shares.cell[counted]],
        shares.share[counted],
        points[counted].astype(np.int32),
    )


def _ownership(policy: Policy, own_category: NDArray[np.int16]) -> Contributions:
    severity = np.array([policy.micro_points(name, 0) for name in policy.categories], np.int64)
    owned = np.flatnonzero((own_category >= 0) & (severity[own_category] > 0))
    category = own_category[owned].astype(np.int64)
    ownership, no_hop = np.full(len(owned), OWNERSHIP), np.zeros(len(owned), np.int64)
    return Contributions(
        owned.astype(np.int32),
        encode_all(Cells(ownership, len(RESIDUALS) + category, no_hop)),
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
    contributions: Contributions, cells: Cells, direction: NDArray[np.int64], categories: int
) -> NDArray[np.int64]:
    """The category with the most points in the winning direction; the first of the policy among equals."""
    winning = cells.direction == direction[contributions.wallet]
    column = cells.column[winning] - len(RESIDUALS)
    shape = len(direction), categories
    sums = _summed(contributions.wallet[winning], column, contributions.points[winning], shape)
    return np.where(direction >= 0, sums.argmax(axis=1), -1)


def _summed(
    row: NDArray[Any], column: NDArray[Any] | np.int16, points: NDArray[Any], shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Sums of points by row and column; their sums are far below 2^53, where doubles are exact."""
    place = row.astype(np.int64) * shape[1] + column
    return np.bincount(place, points, minlength=shape[0] * shape[1]).astype(np.int64).reshape(shape)


def _joined(by_direction: list[Contributions]) -> Contributions:
    wallet, code, share, points = (
        np.concatenate([getattr(part, field) for part in by_direction])
        for field in ("wallet", "code", "share", "points")
    )
    order = np.argsort(wallet, kind="stable")  # each wallet's contributions come in the order of their cells
    return Contributions(wallet[order], code[order], share[order], points[order])
