"""Shares and sums are compared as whole numbers, half up, whatever an engine's last digit is."""

import numpy as np
import pytest

from app.policy.points import billionths, cents, floored, micro_usd


@pytest.mark.parametrize(
    ("usd", "whole"), [(10.0, 1000), (9.995, 1000), (9.994999, 999), (9.99 + 0.004999999999, 1000), (0.0, 0)]
)
def test_sums_are_whole_cents_half_up(usd: float, whole: int) -> None:
    assert cents(np.array([usd, np.nextafter(usd, 0), np.nextafter(usd, 99)])).tolist() == [whole] * 3


def test_half_of_something_is_half_in_every_engine() -> None:
    shares = np.array([0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 1), 0.1 + 0.2 + 0.2, 0.4999999995])
    assert billionths(shares).tolist() == [500_000_000] * 5
    assert billionths(np.array([0.4999999994])).tolist() == [499_999_999]


def test_sums_beyond_any_money_are_as_large_as_may_be() -> None:
    assert (cents(np.array([1e30])) > 10**18).all()
    assert (micro_usd(np.array([1e300])) > 10**18).all()


def test_a_weight_below_the_floor_is_a_whole_part_of_it() -> None:
    weights, sums = np.array([70_000_001, 70_000_001]), np.array([999, 1000])
    assert floored(weights, sums, 1000, 2_000).tolist() == [14_000_000, 70_000_001]
