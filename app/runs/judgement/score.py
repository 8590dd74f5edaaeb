"""From shares to scores, for all wallets at once. Pure: anyone can recompute a stored score from its row.

Each share gives points (`app.policy.points`); a direction's score is their sum. Its shares are weighted by
USD value or, for a wallet with no priced transfer in that direction, those of its worst asset: the one with
the highest score, the first by name among equals. A wallet with a firm label that holds is rated by it alone.
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
from app.policy.columns import column_of
from app.policy.conditions import Behaviour
from app.policy.points import BILLION, billionths, cents, floored, points_of_all
from app.policy.policy import Policy
from app.policy.rules import Facts, Money, levels_by_score, rules_met
from app.runs.judgement.subjects import Subjects
from app.runs.results.totals import BothTotals, Totals

NOTHING_KNOWN = -1
"""The score of a wallet with neither flow nor a label with a category; stored as null."""


@dataclass(frozen=True)
class Contributions:
    """Shares of categories with their points, by wallet (its place in `Scores.wallet_id`) and cell."""

    wallet: NDArray[np.int32]
    code: NDArray[np.int16]
    share: NDArray[np.float64]
    points: NDArray[np.int32]


@dataclass(frozen=True)
class Scores:
    """Scores of all wallets, in millionths of a point, one place of each array a wallet.

    `by_direction` is n x 3: ownership, source, destination. `direction`, `level`, `band` and `main_category`
    are codes, -1 where there is none; `rules` is n x rules, whether each holds. `usd` (n x 2) is what known
    assets received and sent with a value were worth, `coverage` (n x 2) the share of that money whose origin
    or end is known, NaN where nothing was received or sent.
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
    usd: NDArray[np.float64]
    coverage: NDArray[np.float64]
    contributions: Contributions


def score_wallets(
    policy: Policy,
    subjects: Subjects,
    exposures: Exposures,
    totals: BothTotals,
    *,
    asset_rank: Mapping[int, int],
    known_assets: NDArray[np.int32],
    behaviours: Mapping[Behaviour, NDArray[np.bool_]],
) -> Scores:
    """Scores these wallets.

    Args:
        policy: severities, hop weights, bands and rules.
        subjects: all wallets; every wallet of the exposures is among them.
        exposures: both directions, in a layout of the policy.
        totals: what the exposures are shares of.
        asset_rank: place of each asset in the order of names, by asset_id.
        known_assets: the assets whose money counts.
        behaviours: what is known of each wallet besides its exposures.
    """
    wallet_id = subjects.wallet_id
    known = subjects.labelled.copy()
    worst_asset = np.zeros(len(wallet_id), np.bool_)
    usd = np.zeros((len(wallet_id), 2))
    coverage = np.full((len(wallet_id), 2), np.nan)
    money: dict[int, Money] = {}
    unpriced = np.zeros(len(wallet_id), np.bool_)
    by_direction = [_ownership(policy, subjects.own)]
    for number, direction in ((SOURCE, exposures.source), (DESTINATION, exposures.destination)):
        side = _Side(
            policy,
            exposures.layout,
            number,
            direction,
            totals=totals.of(number),
            wallet_id=wallet_id,
            known_assets=known_assets,
        )
        known[side.owner] = True
        usd[:, number - 1] = side.usd
        worst = side.worst_rows(asset_rank)
        worst_asset[side.owner[worst]] = True
        unpriced[side.owner[side.known & side.unpriced]] = True
        coverage[:, number - 1] = side.coverage()
        by_direction += [side.priced_contributions(), side.contributions_of(worst)]
        money[number] = side.money()
    contributions = _joined(by_direction)
    cells = decode_all(contributions.code)
    sums = _summed(contributions.wallet, cells.direction, contributions.points, (len(wallet_id), 3))
    owned = subjects.own >= 0
    best = np.where(owned, sums[:, OWNERSHIP], sums.max(axis=1, initial=0))
    winning = np.where(best > 0, np.where(owned, OWNERSHIP, sums.argmax(axis=1)), -1)
    score = np.where(known, best, NOTHING_KNOWN)
    every = {"weak_label": subjects.weak_crime, "unpriced": unpriced, **behaviours}
    facts = Facts(exposures.layout, subjects.own, subjects.is_service(policy), money, every)
    met = rules_met(policy, facts)
    # Whoever received nothing that was seen is judged by where his money went.
    judged = np.where(np.isnan(coverage[:, 0]), coverage[:, 1], coverage[:, 0])
    covered = billionths(np.nan_to_num(judged))
    unrated = ~owned & (covered < round(policy.unrated_below * BILLION))
    band, level = levels_by_score(policy, score, met, unrated)
    return Scores(
        wallet_id,
        score,
        sums,
        winning,
        band,
        level,
        _main_categories(policy, exposures.layout, contributions, cells, winning),
        met,
        worst_asset,
        usd,
        coverage,
        contributions,
    )


class _Side:
    """One direction of all wallets, while it is scored."""

    def __init__(
        self,
        policy: Policy,
        layout: CellLayout,
        number: int,
        direction: DirectionShares,
        *,
        totals: Totals,
        wallet_id: NDArray[np.int64],
        known_assets: NDArray[np.int32],
    ) -> None:
        self._policy = policy
        self._number = number
        self._direction = direction
        self._codes = layout.codes(number)
        self._weights = _weights(policy, layout, self._codes, number)
        self._category = _categories(policy, layout, self._codes)
        is_crime = [name in policy.crimes for name in policy.categories]
        self._crime = np.array([*is_crime, False])[self._category]
        self.owner = np.searchsorted(wallet_id, direction.wallet_id)
        self.priced = np.searchsorted(wallet_id, direction.priced_wallet_id)
        self.known = totals.known(known_assets)
        self.unpriced = totals.unpriced_transfers > 0
        self.usd = np.bincount(self.owner, totals.usd_value * self.known, minlength=len(wallet_id)).astype(
            np.float64, copy=False
        )

    def money(self) -> Money:
        """What rules look at."""
        direction = self._direction
        return Money(
            priced=direction.combined,
            priced_wallet=self.priced,
            usd=self.usd[self.priced],
            by_asset=direction.shares,
            asset_wallet=self.owner,
            known=self.known,
            unpriced=self.unpriced,
        )

    def coverage(self) -> NDArray[np.float64]:
        """The share of each wallet's money of which the other end is known; NaN where there is no money.

        Of money sent also that is known which is still held by somebody.
        """
        unknown = self._category < 0
        if self._number == DESTINATION:
            unknown[1:] = False  # the first cell alone is what is beyond the hop limit
        # Of money without a value the least known asset counts. Where there is none but unknown tokens, what
        # they say of crime is not known either: anybody can send such tokens.
        coverage = np.full(len(self.usd), np.nan)
        np.fmin.at(coverage, self.owner, 1.0 - self._direction.shares.sums(unknown | self._crime))
        rows = np.flatnonzero(self.known)
        coverage[self.owner[rows]] = np.nan
        of_assets = 1.0 - self._direction.shares.take(rows).sums(unknown)
        np.fmin.at(coverage, self.owner[rows], of_assets)
        coverage[self.priced] = 1.0 - self._direction.combined.sums(unknown)
        covered: NDArray[np.float64] = np.maximum(coverage, 0.0)
        return covered

    def worst_rows(self, asset_rank: Mapping[int, int]) -> NDArray[np.int64]:
        """Of wallets without a priced transfer, the row of the known asset with the highest score."""
        rows = np.flatnonzero(self.known & ~np.isin(self.owner, self.priced))
        shares = self._direction.shares.take(rows)
        points = points_of_all(shares.share, self._weights[shares.cell])
        sums = _summed(shares.rows(), np.int16(0), points, (len(rows), 1))[:, 0]
        rank = np.array([asset_rank[asset] for asset in self._direction.asset_id[rows].tolist()], np.int64)
        order = np.lexsort((rank, -sums, self.owner[rows]))
        _, firsts = np.unique(self.owner[rows][order], return_index=True)
        return rows[order[firsts]]

    def contributions_of(self, rows: NDArray[np.int64]) -> Contributions:
        """Of these rows, each of one asset without a value."""
        shares = self._direction.shares.take(rows)
        counted = np.flatnonzero(self._category[shares.cell] >= 0)
        weights = self._weights[shares.cell[counted]]
        return self._contributions(shares, self.owner[rows], counted, weights)

    def priced_contributions(self) -> Contributions:
        """Of all money with a value; of a category with less than the floor a part of its points."""
        shares = self._direction.combined
        counted = np.flatnonzero(self._category[shares.cell] >= 0)
        weights = self._weights[shares.cell[counted]]
        weighted = np.flatnonzero(weights)
        places = counted[weighted]
        row = np.searchsorted(shares.starts, places, side="right") - 1
        key = row * len(self._policy.categories) + self._category[shares.cell[places]]
        _, group = np.unique(key, return_inverse=True)
        sums = cents(np.bincount(group, shares.share[places] * self.usd[self.priced[row]]))
        weights[weighted] = floored(
            weights[weighted], sums[group], self._policy.floor_cents, self._policy.below_floor
        )
        return self._contributions(shares, self.priced, counted, weights)

    def _contributions(
        self,
        shares: SparseRows,
        wallet: NDArray[np.int64],
        counted: NDArray[np.int64],
        weights: NDArray[np.int64],
    ) -> Contributions:
        row = np.searchsorted(shares.starts, counted, side="right") - 1
        share = shares.share[counted]
        points = points_of_all(share, weights).astype(np.int32)
        return Contributions(wallet[row].astype(np.int32), self._codes[shares.cell[counted]], share, points)


def _weights(
    policy: Policy, layout: CellLayout, codes: NDArray[np.int16], direction: int
) -> NDArray[np.int64]:
    """Millionths of a point for a share of 1, by cell of a row; 0 for residuals."""
    cells = decode_all(codes)
    return np.array(
        [
            policy.micro_points(layout.columns[column], hop, direction) if column >= len(RESIDUALS) else 0
            for column, hop in zip(cells.column.tolist(), cells.hop.tolist(), strict=True)
        ],
        np.int64,
    )


def _categories(policy: Policy, layout: CellLayout, codes: NDArray[np.int16]) -> NDArray[np.int64]:
    """The place in the policy's categories of each cell of a row; -1 for residuals."""
    names = list(policy.categories)
    return np.array(
        [
            names.index(column_of(layout.columns[column]).category) if column >= len(RESIDUALS) else -1
            for column in decode_all(codes).column.tolist()
        ],
        np.int64,
    )


def _ownership(policy: Policy, own: NDArray[np.int16]) -> Contributions:
    severity = np.array([policy.micro_points(name, 0, OWNERSHIP) for name in policy.categories], np.int64)
    owned = np.flatnonzero((own >= 0) & (severity[own] > 0))
    category = own[owned].astype(np.int64)
    ownership, no_hop = np.full(len(owned), OWNERSHIP), np.zeros(len(owned), np.int64)
    return Contributions(
        owned.astype(np.int32),
        encode_all(Cells(ownership, len(RESIDUALS) + category, no_hop)),
        np.ones(len(owned)),
        severity[category].astype(np.int32),
    )


def _main_categories(
    policy: Policy,
    layout: CellLayout,
    contributions: Contributions,
    cells: Cells,
    direction: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The category with the most points in the winning direction; the first of the policy among equals."""
    names = list(policy.categories)
    place = np.array([names.index(column_of(name).category) for name in layout.categories], np.int64)
    winning = (cells.direction == direction[contributions.wallet]) & (contributions.points > 0)
    category = place[cells.column[winning] - len(RESIDUALS)]
    shape = len(direction), len(names)
    sums = _summed(contributions.wallet[winning], category, contributions.points[winning], shape)
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
