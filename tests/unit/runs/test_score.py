"""From shares to scores: points, levels, rules, unpriced wallets."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.cells import DESTINATION, SOURCE, CellLayout, decode, decode_all
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.conditions import LEVELS
from app.policy.policy import Policy
from app.runs.judgement.score import NOTHING_KNOWN, Scores, score_wallets
from app.runs.judgement.subjects import Subjects
from app.runs.results.totals import BothTotals, Total, as_columns
from tests.support.builders import policy

POLICY: Policy = policy()
LAYOUT: CellLayout = POLICY.layout
NAMES = LAYOUT.categories
Cells = dict[tuple[str, int], float]
"""Shares by category and hop; what is missing to 1 is beyond the hop limit."""
NO_CELLS: Cells = {}
HELD = "still_held"
MIXED: Cells = {("mixer", 1): 0.25}
USD = 1_000.0
"""What each wallet's first asset is worth where it is priced; its others are worth nothing."""


def row(cells: Cells) -> list[float]:
    shares = [0.0] * LAYOUT.width
    for (name, hop), share in cells.items():
        place = LAYOUT.residual(hop) if name == HELD else LAYOUT.category(NAMES.index(name), hop)
        shares[place] = share
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


def totals_of(sides: dict[int, DirectionShares], usd: float) -> BothTotals:
    """Totals beside shares: the first asset of a priced wallet has all its value."""
    totals = []
    for direction, shares in sides.items():
        seen: set[int] = set()
        for wallet, asset in zip(shares.wallet_id.tolist(), shares.asset_id.tolist(), strict=True):
            is_priced = wallet in shares.priced_wallet_id and wallet not in seen
            seen.add(wallet)
            value = usd if is_priced else 0.0
            totals.append(Total(direction, wallet, asset, "1000", "0", value, 1, int(not is_priced)))
    return as_columns(totals)


EMPTY = side({}, {})


def scored(
    source: DirectionShares = EMPTY,
    destination: DirectionShares = EMPTY,
    own: dict[int, str] | None = None,
    *,
    ranks: dict[int, int] | None = None,
    usd: float = USD,
    known: tuple[int, ...] = (1, 2),
    weak: tuple[int, ...] = (),
) -> Scores:
    """Wallets 1, 2 and 3; assets 1 and 2."""
    labels = own or {}
    ids = np.arange(1, 4, dtype=np.int64)
    category = np.array([NAMES.index(labels[w]) if w in labels else -1 for w in ids.tolist()], np.int16)
    weakly = np.isin(ids, weak)
    nobody = np.zeros(len(ids), np.bool_)
    return score_wallets(
        POLICY,
        Subjects(ids, category, (category >= 0) | weakly, weakly),
        Exposures(LAYOUT, source, destination),
        totals_of({SOURCE: source, DESTINATION: destination}, usd),
        asset_rank=ranks or {1: 0, 2: 1},
        known_assets=np.array(known, np.int32),
        behaviours={"mule": nobody, "paid_mule": nobody, "victim": nobody},
    )


def found(scores: Scores, wallet: int) -> list[tuple[int, str, int, int]]:
    """Direction, category, hop and points of a wallet's contributions that have any."""
    every = scores.contributions
    mine = (every.wallet == wallet - 1) & (every.points > 0)
    cells = map(decode, every.code[mine].tolist())
    return [
        (cell.direction, LAYOUT.columns[cell.column], cell.hop, points)
        for cell, points in zip(cells, every.points[mine].tolist(), strict=True)
    ]


def levels(scores: Scores) -> list[str | None]:
    return [LEVELS[level] if level >= 0 else None for level in scores.level.tolist()]


def rules_of(scores: Scores, wallet: int) -> list[str]:
    return [rule.name for rule, met in zip(POLICY.rules, scores.rules[wallet - 1], strict=True) if met]


def test_a_direction_adds_up_to_the_score() -> None:
    cells: Cells = {("mixer", 1): 0.25, ("stolen_funds", 2): 0.5, ("service", 1): 0.1}
    scores = scored(side({(1, 1): cells}, {1: cells}))
    assert found(scores, 1) == [(1, "stolen_funds", 2, 31_500_000), (1, "mixer", 1, 17_500_000)]
    assert scores.score[0] == 49_000_000
    assert scores.direction[0] == SOURCE
    assert NAMES[scores.main_category[0]] == "stolen_funds"
    assert LEVELS[scores.band[0]] == "medium"


def test_shares_without_points_are_kept_with_those_that_have_some() -> None:
    cells: Cells = {("exchange", 1): 0.75, ("mixer", 1): 0.25}
    every = scored(side({(1, 1): cells}, {1: cells})).contributions
    assert every.points.tolist() == [17_500_000, 0]
    assert every.share.tolist() == [0.25, 0.75]


def test_points_are_rounded_down_to_millionths() -> None:
    cells: Cells = {("mixer", 1): 1 / 3}
    assert scored(side({(1, 1): cells}, {1: cells})).score[0] == 23_333_333


@pytest.mark.parametrize(
    ("usd", "score"), [(40.0, 17_500_000), (39.98, 17_500_000), (39.97, 3_500_000), (0.04, 3_500_000)]
)
def test_a_sum_below_the_floor_counts_a_fifth(usd: float, score: int) -> None:
    assert scored(side({(1, 1): MIXED}, {1: MIXED}), usd=usd).score[0] == score


def test_the_floor_is_of_all_hops_of_a_category_and_of_no_other() -> None:
    near: Cells = {("mixer", 1): 0.005, ("mixer", 2): 0.005, ("stolen_funds", 1): 0.005}
    scores = scored(side({(1, 1): near}, {1: near}))
    assert found(scores, 1) == [
        (1, "stolen_funds", 1, 90_000),  # 5 USD: a fifth of 450,000
        (1, "mixer", 1, 350_000),
        (1, "mixer", 2, 245_000),
    ]


@pytest.mark.parametrize(
    ("source", "destination", "direction"), [(1.0, 1.0, SOURCE), (0.5, 1.0, DESTINATION), (0.75, 1.0, SOURCE)]
)
def test_the_larger_direction_wins(source: float, destination: float, direction: int) -> None:
    sources: Cells = {("mixer", 1): source}
    ends: Cells = {("mixer", 1): destination}
    scores = scored(side({(1, 1): sources}, {1: sources}), side({(1, 1): ends}, {1: ends}))
    assert scores.direction[0] == direction
    assert scores.score[0] == scores.by_direction[0].max() == max(source * 70, destination * 50) * 1_000_000


def test_a_firm_label_alone_rates_its_wallet() -> None:
    stolen: Cells = {("stolen_funds", 1): 1.0}
    scores = scored(
        side({(1, 1): stolen, (2, 1): stolen}, {1: stolen, 2: stolen}), own={1: "exchange", 2: "mixer"}
    )
    assert scores.score.tolist()[:2] == [5_000_000, 70_000_000]
    assert levels(scores)[:2] == ["low", "high"]
    assert scores.direction.tolist()[:2] == [0, 0]
    assert scores.by_direction[0, SOURCE] == 90_000_000


def test_nothing_known_is_not_a_zero() -> None:
    scores = scored(side({(1, 1): NO_CELLS}, {1: NO_CELLS}), own={2: "service"})
    assert scores.score.tolist() == [0, 0, NOTHING_KNOWN]
    assert levels(scores) == ["unrated", "low", None]
    assert scores.band.tolist() == [0, 0, -1]
    assert scores.direction.tolist() == [-1, -1, -1]
    assert scores.main_category.tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("known", "level"), [(0.5, "low"), (0.4999999996, "low"), (0.499999999, "unrated"), (0.0, "unrated")]
)
def test_less_than_half_of_a_known_origin_is_unrated(known: float, level: str) -> None:
    cells: Cells = {("exchange", 1): known}
    assert levels(scored(side({(1, 1): cells}, {1: cells})))[0] == level


@pytest.mark.parametrize(("followed", "level"), [(0.5, "low"), (0.49, "unrated")])
def test_a_wallet_that_only_sends_is_judged_by_where_its_money_is(followed: float, level: str) -> None:
    cells: Cells = {("exchange", 1): followed / 2, (HELD, 3): followed / 2}
    scores = scored(destination=side({(1, 1): cells}, {1: cells}))
    assert levels(scores)[0] == level
    assert np.isnan(scores.coverage[0, 0])
    assert scores.coverage[0, 1] == pytest.approx(followed)


def test_what_unknown_tokens_say_of_crime_is_not_known() -> None:
    scores = scored(side({(1, 2): {("exchange", 1): 1.0}, (2, 2): {("scam", 1): 1.0}}, {}), known=(1,))
    assert levels(scores)[:2] == ["low", "unrated"]
    assert scores.coverage[:2, 0].tolist() == [1.0, 0.0]


def test_of_assets_without_a_price_the_least_known_counts() -> None:
    known: Cells = {("exchange", 1): 1.0}
    scores = scored(side({(1, 1): known, (1, 2): {("exchange", 1): 0.2}}, {}))
    assert scores.coverage[0, 0] == pytest.approx(0.2)
    assert levels(scores)[0] == "unrated"


def test_a_wallet_without_prices_gets_its_worst_asset_and_says_so() -> None:
    worse: Cells = {("mixer", 1): 0.5}
    scores = scored(side({(1, 1): MIXED, (1, 2): worse, (2, 1): MIXED}, {2: MIXED}))
    assert scores.score.tolist()[:2] == [35_000_000, 17_500_000]
    assert scores.worst_asset.tolist() == [True, False, False]


def test_each_direction_without_prices_takes_its_own_worst_asset() -> None:
    worse: Cells = {("mixer", 1): 0.5}
    scores = scored(side({(1, 1): worse}, {1: MIXED}), side({(1, 1): MIXED, (1, 2): {("mixer", 1): 0.3}}, {}))
    assert scores.by_direction[0].tolist() == [0, 17_500_000, 15_000_000]
    assert scores.worst_asset[0]


def test_equal_assets_are_chosen_by_name_not_by_arrival() -> None:
    one: Cells = {("scam", 1): 0.4, ("exchange", 1): 0.0}
    other: Cells = {("fraud_shop", 1): 0.4}
    first = found(scored(side({(1, 1): one, (1, 2): other}, {}), ranks={1: 0, 2: 1}), 1)
    second = found(scored(side({(1, 1): other, (1, 2): one}, {}), ranks={1: 1, 2: 0}), 1)
    assert first == second == [(1, "scam", 1, 30_000_000)]


def test_an_unknown_asset_sets_flags_and_raises_nothing() -> None:
    stolen: Cells = {("stolen_funds", 1): 1.0}
    scores = scored(side({(1, 2): stolen}, {}), known=(1,))
    assert scores.score[0] == 0
    assert rules_of(scores, 1) == ["unregistered_asset"]
    assert levels(scores)[0] == "unrated"


def test_rules_see_assets_that_no_price_brings_into_the_score() -> None:
    cells: Cells = {("sanctioned", 1): 0.5}
    scores = scored(side({(1, 1): NO_CELLS, (1, 2): cells}, {1: NO_CELLS}))
    assert scores.score[0] == 0
    assert rules_of(scores, 1) == [
        "unpriced_directly_from_crime", "unpriced_from_crime", "sanctions_contact", "unpriced",
    ]  # fmt: skip
    assert (LEVELS[scores.band[0]], levels(scores)[0]) == ("low", "high")


def test_a_fact_has_no_floor() -> None:
    cells: Cells = {("sanctioned", 1): 1e-15, ("exchange", 1): 0.9}
    scores = scored(side({(1, 1): cells}, {1: cells}))
    assert rules_of(scores, 1) == ["sanctions_contact"]
    assert levels(scores)[0] == "low"


def test_a_rule_looks_no_further_than_its_hops_and_no_nearer() -> None:
    cells: Cells = {("sanctioned", 4): 0.001, ("exchange", 1): 0.9}
    scores = scored(destination=side({(1, 1): cells}, {1: cells}))
    assert rules_of(scores, 1) == ["sanctions_indirect"]


@pytest.mark.parametrize(("second_hop", "met"), [(0.25, True), (0.2499999996, True), (0.2499, False)])
def test_a_rule_adds_its_categories_and_hops(second_hop: float, met: bool) -> None:  # noqa: FBT001
    cells: Cells = {("scam", 1): 0.1, ("ransomware", 2): second_hop, ("stolen_funds", 1): 0.15}
    scores = scored(side({(1, 1): cells, (1, 2): NO_CELLS}, {1: cells}))
    assert ("mostly_from_crime" in rules_of(scores, 1)) is met


@pytest.mark.parametrize(("usd", "met"), [(1_000.0, True), (999.995, True), (999.4, False)])
def test_sums_are_compared_in_cents_half_up(usd: float, met: bool) -> None:  # noqa: FBT001
    cells: Cells = {("scam", 6): 0.01}
    assert ("from_crime" in rules_of(scored(side({(1, 1): cells}, {1: cells}), usd=usd), 1)) is met


def test_a_weak_label_raises_to_medium_and_a_firm_one_says_otherwise() -> None:
    scores = scored(own={1: "exchange"}, weak=(1, 2))
    assert levels(scores) == ["low", "medium", None]
    assert rules_of(scores, 1) == ["weak_label"]
    assert rules_of(scores, 2) == ["weakly_labelled", "weak_label"]


def test_an_owner_rule_never_lowers_a_level() -> None:
    scores = scored(own={1: "sanctioned", 2: "stolen_funds"})
    assert rules_of(scores, 1) == ["owned_by_sanctioned"]
    assert levels(scores)[:2] == ["severe", "severe"]
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
