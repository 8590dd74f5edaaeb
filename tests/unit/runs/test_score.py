"""From shares to scores: points, levels, rules, unpriced wallets."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.cells import DESTINATION, SOURCE, CellLayout, decode, decode_all
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.policy import LEVELS, Policy
from app.runs.score import NOTHING_KNOWN, Scores, score_wallets
from tests.support.builders import policy

POLICY: Policy = policy()
LAYOUT: CellLayout = POLICY.layout
NAMES = LAYOUT.categories
Cells = dict[tuple[str, int], float]
"""Shares by category and hop; what is missing to 1 is beyond the hop limit."""
NO_CELLS: Cells = {}
MIXED: Cells = {("mixer", 1): 0.25}


def row(cells: Cells) -> list[float]:
    shares = [0.0] * LAYOUT.width
    for (category, hop), share in cells.items():
        shares[LAYOUT.category(NAMES.index(category), hop)] = share
    shares[0] = 1.0 - sum(shares)
    return shares


def side(assets: dict[tuple[int, int], Cells], priced: dict[int, Cells]) -> DirectionShares:
    return DirectionShares(
        np.array([wallet for wallet, _ in sorted(assets)], np.int64),
        np.array([asset for _, asset in sorted(assets)], np.int32),
        SparseRows.of(np.array([row(assets[key]) for key in sorted(assets)]).reshape(-1, LAYOUT.width)),
        np.array(sorted(priced), np.int64),
        SparseRows.of(np.array([row(priced[key]) for key in sorted(priced)]).reshape(-1, LAYOUT.width)),
    )


EMPTY = side({}, {})


def scored(
    source: DirectionShares = EMPTY,
    destination: DirectionShares = EMPTY,
    own: dict[int, str] | None = None,
    wallets: int = 3,
    ranks: dict[int, int] | None = None,
) -> Scores:
    """Wallets 1..n; assets 1 and 2."""
    labels = own or {}
    category = np.array(
        [NAMES.index(labels[w]) if w in labels else -1 for w in range(1, wallets + 1)], np.int16
    )
    ids = np.arange(1, wallets + 1, dtype=np.int64)
    return score_wallets(POLICY, ids, category, Exposures(LAYOUT, source, destination), ranks or {1: 0, 2: 1})


def found(scores: Scores, wallet: int) -> list[tuple[int, str, int, int]]:
    """Direction, category, hop and points of a wallet's contributions."""
    every = scores.contributions
    mine = every.wallet == wallet - 1
    cells = map(decode, every.code[mine].tolist())
    return [
        (cell.direction, LAYOUT.columns[cell.column], cell.hop, points)
        for cell, points in zip(cells, every.points[mine].tolist(), strict=True)
    ]


def test_a_direction_adds_up_to_the_score() -> None:
    cells: Cells = {("mixer", 1): 0.25, ("stolen_funds", 2): 0.5, ("service", 1): 0.1}
    scores = scored(side({(1, 1): cells}, {1: cells}))
    assert found(scores, 1) == [(1, "stolen_funds", 2, 31_500_000), (1, "mixer", 1, 17_500_000)]
    assert scores.score[0] == 49_000_000
    assert scores.direction[0] == SOURCE
    assert NAMES[scores.main_category[0]] == "stolen_funds"
    assert LEVELS[scores.band[0]] == "medium"


def test_points_are_rounded_down_to_millionths() -> None:
    cells: Cells = {("mixer", 1): 1 / 3}
    assert scored(side({(1, 1): cells}, {1: cells})).score[0] == 23_333_333


@pytest.mark.parametrize(
    ("own", "source", "destination", "direction"),
    [("mixer", 1.0, 1.0, 0), (None, 1.0, 1.0, 1), (None, 0.5, 1.0, 2), ("gambling", 1.0, 0.5, 1)],
)
def test_the_largest_direction_wins_and_ties_go_to_ownership_then_source(
    own: str | None, source: float, destination: float, direction: int
) -> None:
    sources: Cells = {("mixer", 1): source}
    ends: Cells = {("mixer", 1): destination}
    scores = scored(
        side({(1, 1): sources}, {1: sources}), side({(1, 1): ends}, {1: ends}), {1: own} if own else None
    )
    assert scores.direction[0] == direction
    assert scores.score[0] == scores.by_direction[0].max() == 70_000_000


def test_nothing_known_is_not_a_zero() -> None:
    scores = scored(side({(1, 1): NO_CELLS}, {1: NO_CELLS}), own={2: "service"})
    assert scores.score.tolist() == [0, 0, NOTHING_KNOWN]
    assert scores.level.tolist() == [0, 0, -1]
    assert scores.band.tolist() == [0, 0, -1]
    assert scores.direction.tolist() == [-1, -1, -1]
    assert scores.main_category.tolist() == [-1, -1, -1]


def test_a_wallet_without_prices_gets_its_worst_asset_and_says_so() -> None:
    worse: Cells = {("mixer", 1): 0.5}
    scores = scored(side({(1, 1): MIXED, (1, 2): worse, (2, 1): MIXED}, {2: MIXED}))
    assert scores.score.tolist()[:2] == [35_000_000, 17_500_000]
    assert scores.worst_asset.tolist() == [True, False, False]


def test_each_direction_without_prices_takes_its_own_worst_asset() -> None:
    worse: Cells = {("mixer", 1): 0.5}
    scores = scored(side({(1, 1): worse}, {1: MIXED}), side({(1, 1): MIXED, (1, 2): {("mixer", 1): 0.3}}, {}))
    assert scores.by_direction[0].tolist() == [0, 17_500_000, 21_000_000]
    assert scores.worst_asset[0]


def test_equal_assets_are_chosen_by_name_not_by_arrival() -> None:
    one: Cells = {("scam", 1): 0.4, ("exchange", 1): 0.0}
    other: Cells = {("fraud_shop", 1): 0.4}
    first = found(scored(side({(1, 1): one, (1, 2): other}, {}), ranks={1: 0, 2: 1}), 1)
    second = found(scored(side({(1, 1): other, (1, 2): one}, {}), ranks={1: 1, 2: 0}), 1)
    assert first == second == [(1, "scam", 1, 30_000_000)]


def rules_of(scores: Scores, wallet: int) -> list[str]:
    return [rule.name for rule, met in zip(POLICY.rules, scores.rules[wallet - 1], strict=True) if met]


def test_rules_see_assets_that_no_price_brings_into_the_score() -> None:
    cells: Cells = {("sanctioned", 1): 1e-15}
    scores = scored(side({(1, 1): NO_CELLS, (1, 2): cells}, {1: NO_CELLS}))
    assert scores.score[0] == 0
    assert rules_of(scores, 1) == ["direct_sanctioned", "poison_sanctioned"]
    assert (LEVELS[scores.band[0]], LEVELS[scores.level[0]]) == ("low", "high")


def test_a_rule_looks_no_further_than_its_hops() -> None:
    cells: Cells = {("sanctioned", 4): 0.001}
    scores = scored(destination=side({(1, 1): cells}, {1: cells}))
    assert rules_of(scores, 1) == ["poison_sanctioned"]
    assert LEVELS[scores.level[0]] == "medium"


@pytest.mark.parametrize(("second_hop", "met"), [(0.25, True), (0.2499, False)])
def test_a_rule_adds_its_categories_and_hops_within_one_asset(second_hop: float, met: bool) -> None:  # noqa: FBT001
    cells: Cells = {("scam", 1): 0.1, ("ransomware", 2): second_hop, ("stolen_funds", 1): 0.15}
    scores = scored(side({(1, 1): cells, (1, 2): NO_CELLS}, {1: NO_CELLS}))
    assert rules_of(scores, 1) == (["mostly_illicit_source"] if met else [])


def test_an_owner_rule_never_lowers_a_level() -> None:
    scores = scored(own={1: "sanctioned", 2: "stolen_funds"})
    assert rules_of(scores, 1) == ["owned_by_sanctioned", "direct_sanctioned", "poison_sanctioned"]
    assert [LEVELS[level] for level in scores.level.tolist()[:2]] == ["severe", "severe"]
    assert scores.score.tolist() == [100_000_000, 90_000_000, NOTHING_KNOWN]


@given(st.lists(st.floats(0, 1), min_size=LAYOUT.width, max_size=LAYOUT.width).filter(lambda s: sum(s) > 0))
def test_no_shares_that_sum_to_one_score_above_one_hundred(weights: list[float]) -> None:
    shares = SparseRows.of(np.array([weights]) / sum(weights))
    one: Any = np.array([1], np.int64)
    given_side = DirectionShares(one, one.astype(np.int32), shares, one, shares)
    scores = scored(given_side, given_side)
    assert 0 <= scores.score[0] <= 100_000_000
    mine = decode_all(scores.contributions.code).direction == DESTINATION
    assert scores.contributions.points[mine].sum() == scores.by_direction[0, DESTINATION]
