"""Points of a share: whole millionths stay whole where the share is a last bit off."""

from math import floor, nextafter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.policy.points import points_of, points_of_all

HEAVIEST = 100_000_000
"""The weight of a severity of 100 at a hop weight of 1."""


@given(st.integers(1, HEAVIEST), st.data())
def test_whole_millionths_stay_whole_when_the_share_is_a_bit_off(weight: int, data: st.DataObject) -> None:
    points = data.draw(st.integers(0, weight))
    share = points / weight
    for near in (nextafter(share, 0), share, nextafter(share, 1)):
        assert points_of(near, weight) == points


def test_63_stays_63_where_it_was_62_without_the_rounding() -> None:
    share = 63 / 90_000_000
    below = nextafter(share, 0)
    assert floor(below * 90_000_000) == 62
    assert points_of(below, 90_000_000) == points_of(share, 90_000_000) == 63


@given(st.floats(0, 1), st.integers(0, HEAVIEST))
def test_points_are_rounded_down_and_never_pass_the_exact_value_by_a_thousandth(
    share: float, weight: int
) -> None:
    points = points_of(share, weight)
    assert points <= share * weight + 0.0011
    assert points > share * weight - 1


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, HEAVIEST)), max_size=20))
def test_many_shares_give_the_points_that_each_gives(pairs: list[tuple[float, int]]) -> None:
    shares, weights = (np.array(values) for values in (zip(*pairs, strict=True) if pairs else ([], [])))
    points = points_of_all(shares.astype(np.float64), weights.astype(np.int64))
    assert points.tolist() == [points_of(share, weight) for share, weight in pairs]
