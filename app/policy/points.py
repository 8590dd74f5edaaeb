"""Points: what a share weighs in a score, in integer millionths of a point.

`points = floor(share * weight + 0.001)` in IEEE doubles, where `weight` is severity * hop weight in
millionths of a point, an exact integer (`Policy.micro_points`). The thousandth makes up for a lost last bit
of the share: 63 stays 63 where the share is a bit below. Where all money of a category and direction is
worth less than the policy's floor, its weight is a part of that (`floored`).

Shares and sums are compared as whole numbers, billionths and cents, each rounded half up: half of something
and exactly ten dollars are reached in every engine, whatever its last digit.
"""

from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDING = 0.001
BILLION = 1_000_000_000
TEN_THOUSAND = 10_000
_HALF_UP = 0.5 + 1e-6
"""A half, and what a sum of doubles may be below one; thousands of times less than any bound is apart."""

_MICRO = 1_000_000
_LARGEST = 9.2e18


def points_of(share: float, weight: int) -> int:
    """The points of one share."""
    return floor(share * float(weight) + ROUNDING)


def points_of_all(shares: NDArray[np.float64], weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """The points of many shares, the same as `points_of` gives each."""
    return np.floor(shares * weights.astype(np.float64) + ROUNDING).astype(np.int64)


def micro_usd(usd: NDArray[Any]) -> NDArray[np.int64]:
    """Sums in millionths of a USD, half up."""
    return _whole(usd * _MICRO)


def cents(usd: NDArray[Any]) -> NDArray[np.int64]:
    """Sums in cents, half up."""
    return _whole(usd * 100)


def billionths(shares: NDArray[Any]) -> NDArray[np.int64]:
    """Shares in billionths, half up."""
    return _whole(shares * BILLION)


def floored(
    weight: NDArray[np.int64], sums: NDArray[np.int64], floor_cents: int, below: int
) -> NDArray[np.int64]:
    """Weights of money whose categories have these sums; too small ones count `below` ten-thousandths."""
    return np.where(sums < floor_cents, weight * below // TEN_THOUSAND, weight)


def _whole(values: NDArray[Any]) -> NDArray[np.int64]:
    """Half up; what has more than 63 bits is as large as may be."""
    return np.floor(np.minimum(values + _HALF_UP, _LARGEST)).astype(np.int64)
