"""Which rules of a policy fire for which wallets, and the levels that follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.domain import MICRO
from app.ledger.cells import DESTINATION, SOURCE, CellLayout
from app.ledger.sparse import SparseRows
from app.policy.columns import column_of
from app.policy.conditions import LEVELS, Behaviour, Condition
from app.policy.points import BILLION, billionths, cents
from app.policy.policy import Policy

LOW, UNRATED, MEDIUM = (LEVELS.index(level) for level in ("low", "unrated", "medium"))
_DIRECTIONS = {SOURCE: "source", DESTINATION: "destination"}


@dataclass(frozen=True)
class Money:
    """One direction of wallets, by their places.

    `priced` are rows of shares of all money with a value, of the wallets `priced_wallet` with `usd` in all.
    `by_asset` are rows of shares of one asset, of `asset_wallet`; `known` and `unpriced` say of which kind it
    is.
    """

    priced: SparseRows
    priced_wallet: NDArray[np.int64]
    usd: NDArray[np.float64]
    by_asset: SparseRows
    asset_wallet: NDArray[np.int64]
    known: NDArray[np.bool_]
    unpriced: NDArray[np.bool_]

    def __bool__(self) -> bool:
        return len(self.priced_wallet) + len(self.asset_wallet) > 0


@dataclass(frozen=True)
class Facts:
    """All that rules look at; one place of each array a wallet, but for `money`."""

    layout: CellLayout
    own: NDArray[np.int16]
    is_service: NDArray[np.bool_]
    money: Mapping[int, Money]
    behaviours: Mapping[Behaviour, NDArray[np.bool_]]


def rules_met(policy: Policy, facts: Facts) -> NDArray[np.bool_]:
    """Whether each rule of the policy (second axis) is true of each wallet (first axis)."""
    wanted = {direction: _cells_of_any(policy, facts.layout, direction) for direction in facts.money}
    money = {direction: _narrowed(side, wanted[direction]) for direction, side in facts.money.items()}
    met = np.zeros((len(facts.own), len(policy.rules)), np.bool_)
    for number, rule in enumerate(policy.rules):
        met[:, number] = _met(policy, rule.when, facts, money)
    return met


def levels_by_score(
    policy: Policy, score: NDArray[np.int64], met: NDArray[np.bool_], unrated: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Band and level of each score, as places in LEVELS; -1 where the score is negative (unknown).

    What neither score nor rules raise is unrated where it is marked so.
    """
    bounds = [int(bound * MICRO) for bound in (policy.bands.medium, policy.bands.high, policy.bands.severe)]
    reached = np.searchsorted(np.array(bounds, np.int64), score, side="right")
    band = np.where(reached > 0, reached + UNRATED, LOW)
    level = band.copy()
    for number, rule in enumerate(policy.rules):
        if rule.level_at_least is not None:
            raised = LEVELS.index(rule.level_at_least)
            level = np.where(met[:, number], np.maximum(level, raised), level)
    level = np.where((level == LOW) & unrated, UNRATED, level)
    return np.where(score < 0, -1, band), np.where(score < 0, -1, level)


@lru_cache(maxsize=4_096)
def cells_of(layout: CellLayout, when: Condition) -> NDArray[np.bool_]:
    """The cells of a row that a condition adds up; kept, so that nobody may write to them."""
    cells = np.zeros(layout.width, np.bool_)
    for place, name in enumerate(layout.categories):
        column = column_of(name)
        if column.category in when.categories and column.firm == when.firm:
            if column.firm and column.period not in when.listed:
                continue
            for hop in range(when.hop_at_least, min(when.hop_at_most, layout.hop_limit) + 1):
                cells[layout.category(place, hop)] = True
    cells.flags.writeable = False
    return cells


def _met(policy: Policy, when: Condition, facts: Facts, money: Mapping[int, Money]) -> NDArray[np.bool_]:
    if when.behaviour is not None:
        met = facts.behaviours[when.behaviour].copy()
    else:
        met = np.zeros(len(facts.own), np.bool_)
        if when.direction == "ownership":
            places = [place for place, name in enumerate(policy.categories) if name in when.categories]
            met |= np.isin(facts.own, places)
        for direction, side in money.items():
            if side and when.direction in {_DIRECTIONS[direction], "any"}:
                met[_exposed(facts.layout, when, side)] = True
    if when.direction == "ownership" or when.wallet == "any":
        return met
    return met & (facts.is_service if when.wallet == "service" else facts.own < 0)


def _exposed(layout: CellLayout, when: Condition, side: Money) -> NDArray[np.int64]:
    """The places of wallets whose money meets the condition; one may come several times."""
    cells = cells_of(layout, when)
    if when.assets == "priced":
        share = side.priced.sums(cells)
        enough = cents(share * side.usd) >= round(when.usd_at_least * 100)
        return side.priced_wallet[_reached(share, when) & enough]
    kind = {
        "unpriced": side.known & side.unpriced,
        "known": side.known,
        "unregistered": ~side.known,
        "any": np.ones(len(side.known), np.bool_),
    }[when.assets]
    return side.asset_wallet[_reached(side.by_asset.sums(cells), when) & kind]


def _reached(share: NDArray[np.float64], when: Condition) -> NDArray[np.bool_]:
    return (share > 0) & (billionths(share) >= round(when.share_at_least * BILLION))


def _cells_of_any(policy: Policy, layout: CellLayout, direction: int) -> NDArray[np.bool_]:
    """The cells that some rule of the direction adds up."""
    cells = np.zeros(layout.width, np.bool_)
    for rule in policy.rules:
        if rule.when.direction in {_DIRECTIONS[direction], "any"}:
            cells |= cells_of(layout, rule.when)
    return cells


def _narrowed(side: Money, cells: NDArray[np.bool_]) -> Money:
    """The rows that have some of these cells, and no other cells: few wallets meet crime."""
    priced, of_priced = _with_cells(side.priced, cells)
    by_asset, of_assets = _with_cells(side.by_asset, cells)
    return Money(
        priced,
        side.priced_wallet[of_priced],
        side.usd[of_priced],
        by_asset,
        side.asset_wallet[of_assets],
        side.known[of_assets],
        side.unpriced[of_assets],
    )


def _with_cells(rows: SparseRows, cells: NDArray[np.bool_]) -> tuple[SparseRows, NDArray[np.int64]]:
    some = rows.only(cells)
    filled = np.flatnonzero(np.diff(some.starts))
    return some.take(filled), filled
