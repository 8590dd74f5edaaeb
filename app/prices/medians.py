"""Which values in USD are used: one further than ten times from its day's median is not. Pure.

The price of one unit is observed wherever a transfer has a value, and wherever a source gives one for the
day. The median is the lower one of an even number of them. With fewer than three transfers of a day their
values prove little: then imported prices of the day alone are the measure, and without any, values that are
a hundred thousand times from the median of the asset over all days are not used.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FACTOR = 10.0
THIN_FACTOR = 100_000.0
ENOUGH = 3
"""Observations that make a median."""
_ROUNDING = 1 + 1e-9
"""Exactly ten times is used: prices are quotients of doubles."""
_DAY = 86_400_000_000
_DAY_BITS = 24
_FIRST_DAY = -(1 << (_DAY_BITS - 1))

Keys = NDArray[np.int64]
Prices = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """Of observed prices, by place: which are not used, and what each was compared with (nan: nothing)."""

    unused: NDArray[np.bool_]
    median: Prices


def keys_of(asset_id: NDArray[np.int32] | NDArray[np.int64], day: NDArray[np.int64]) -> Keys:
    """One number for each asset and day (days since 1970)."""
    return (asset_id.astype(np.int64) << _DAY_BITS) + (day - _FIRST_DAY)


def days_of(occurred_at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days since 1970 in UTC of moments in microseconds since then."""
    return occurred_at // _DAY


def asset_of(key: Keys) -> NDArray[np.int64]:
    """The asset of each key."""
    return key >> _DAY_BITS


def day_of(key: Keys) -> NDArray[np.int64]:
    """The day of each key."""
    return (key & ((1 << _DAY_BITS) - 1)) + _FIRST_DAY


def judged(key: Keys, price: Prices, imported_key: Keys, imported_price: Prices) -> tuple[Judged, Judged]:
    """Transfers' prices and imported ones, each compared with the median of its key."""
    both, prices = np.concatenate([key, imported_key]), np.concatenate([price, imported_price])
    keys, place, count = np.unique(both, return_inverse=True, return_counts=True)
    transfers = np.bincount(place[: len(key)], minlength=len(keys))
    median, factor = lower_medians(place, prices, count), np.full(len(keys), FACTOR)
    thin = transfers < ENOUGH
    if thin.any():
        is_imported = place[len(key) :]
        some, local, imports = np.unique(is_imported, return_inverse=True, return_counts=True)
        by_import = np.full(len(keys), np.nan)
        by_import[some] = lower_medians(local, imported_price, imports)
        asset, of_asset, observed = np.unique(asset_of(both), return_inverse=True, return_counts=True)
        ever = np.where(observed >= ENOUGH, lower_medians(of_asset, prices, observed), np.nan)
        without = thin & (transfers == count)
        median[thin] = by_import[thin]
        median[without] = ever[np.searchsorted(asset, asset_of(keys[without]))]
        factor[without] = THIN_FACTOR
    reference, most = median[place], factor[place] * _ROUNDING
    unused = (prices > reference * most) | (prices * most < reference)  # false where there is no median
    split = len(key)
    return Judged(unused[:split], reference[:split]), Judged(unused[split:], reference[split:])


def lower_medians(group: NDArray[np.int64], price: Prices, count: NDArray[np.int64]) -> Prices:
    """The lower median of each group; groups are numbered from 0, and `count` has their sizes."""
    if not len(count):
        return np.empty(0)
    order = np.lexsort((price, group))
    starts = np.cumsum(count) - count
    medians: Prices = price[order[starts + (count - 1) // 2]]
    return medians
