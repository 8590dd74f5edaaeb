"""Figures of rankings against their definitions, computed pair by pair and order by order."""

from fractions import Fraction
from itertools import pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from bench.skill.metrics import Ranked, figures, intervals, measure, precision_in_first

RANKED = st.lists(
    st.builds(Ranked, st.integers(0, 3).map(float), st.booleans()), min_size=2, max_size=6
).filter(lambda found: 0 < sum(one.positive for one in found) < len(found))


def orders(ranked: list[Ranked]) -> list[tuple[Ranked, ...]]:
    """Every order that the values allow."""
    return [
        order
        for order in permutations(ranked)
        if all(one.value >= other.value for one, other in pairwise(order))
    ]


@given(RANKED)
def test_the_area_is_how_often_a_positive_stands_above_another(ranked: list[Ranked]) -> None:
    pairs = [(one, other) for one in ranked for other in ranked if one.positive and not other.positive]
    won = sum(
        Fraction(1) if one.value > other.value else Fraction(1, 2) if one.value == other.value else 0
        for one, other in pairs
    )
    assert abs(measure(ranked).roc_auc - float(won / len(pairs))) < 1e-12


@given(RANKED)
def test_precision_of_the_first_is_its_mean_over_the_orders_of_ties(ranked: list[Ranked]) -> None:
    every = orders(ranked)
    for count in range(1, len(ranked) + 1):
        mean = Fraction(sum(one.positive for order in every for one in order[:count]), count * len(every))
        assert abs(precision_in_first(ranked, count) - float(mean)) < 1e-12


@given(RANKED)
def test_average_precision_of_distinct_values_is_the_mean_precision_at_each_positive(
    ranked: list[Ranked],
) -> None:
    distinct = [Ranked(float(number), one.positive) for number, one in enumerate(ranked)]
    order = sorted(distinct, key=lambda one: -one.value)
    at = [place for place, one in enumerate(order, start=1) if one.positive]
    mean = sum(Fraction(hits, place) for hits, place in enumerate(at, start=1)) / len(at)
    assert abs(measure(distinct).average_precision - float(mean)) < 1e-12


def test_an_interval_holds_the_figure_and_a_wallet_without_a_value_is_last() -> None:
    ranked = [Ranked(float(number), number % 3 == 0) for number in range(60)]
    low, high = intervals(ranked)
    assert low.roc_auc < measure(ranked).roc_auc < high.roc_auc
    found = figures({"a": 1.0}, {"a": True, "b": False})
    assert (found["roc_auc"], found["average_precision"], found["precision_in_first_10"]) == (1.0, 1.0, 0.5)
