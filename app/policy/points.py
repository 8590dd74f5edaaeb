"""Points: what a share weighs in a score, in integer millionths of a point.

`points = floor(share * weight + 0.001)` in IEEE doubles, where `weight` is severity * hop weight in
millionths of a point, an exact integer (`Policy.micro_points`). The thousandth makes up for a lost last bit
of the share: 63 stays 63 where the share is a bit below.
"""

from math import floor

import numpy as np
from numpy.typing import NDArray

ROUNDING = 0.001


def points_of(share: float, weight: int) -> int:
    """The points of one share."""
    return floor(share * float(weight) + ROUNDING)


def points_of_all(shares: NDArray[np.float64], weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """The points of many shares, the same as `points_of` gives each."""
    return np.floor(shares * weights.astype(np.float64) + ROUNDING).astype(np.int64)
