"""The rule about far values, against a second calculation in exact fractions."""

from collections import defaultdict
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.prices.medians import asset_of, day_of, judged, keys_of

PRICES = st.sampled_from(
    [Fraction(n, d) for n in (1, 2, 9, 10, 11, 99, 10**7, 10**25) for d in (1, 3, 10**9)]
)
OBSERVED = st.lists(st.tuples(st.integers(0, 2), st.integers(-3, 3), PRICES), max_size=14)
Observation = tuple[int, int, Fraction]


def lower_median(prices: list[Fraction]) -> Fraction:
    return sorted(prices)[(len(prices) - 1) // 2]


def far(price: Fraction, transfers: list[Observation], imports: list[Observation], at: Observation) -> bool:
    """What the documents say, one price after the other."""
    of_day = [each[2] for each in transfers if each[:2] == at[:2]]
    given_ = [each[2] for each in imports if each[:2] == at[:2]]
    if len(of_day) >= 3:
        median, factor = lower_median(of_day + given_), 10
    elif given_:
        median, factor = lower_median(given_), 10
    else:
        ever = [each[2] for each in transfers + imports if each[0] == at[0]]
        if len(ever) < 3:
            return False
        median, factor = lower_median(ever), 100_000
    return price > median * factor or price * factor < median


@given(OBSERVED, OBSERVED)
def test_both_calculations_agree(transfers: list[Observation], imports: list[Observation]) -> None:
    sides = [
        (
            keys_of(
                np.array([each[0] for each in side], np.int64), np.array([each[1] for each in side], np.int64)
            ),
            np.array([float(each[2]) for each in side]),
        )
        for side in (transfers, imports)
    ]
    of_transfers, of_imports = judged(*sides[0], *sides[1])
    assert of_transfers.unused.tolist() == [far(each[2], transfers, imports, each) for each in transfers]
    assert of_imports.unused.tolist() == [far(each[2], transfers, imports, each) for each in imports]


@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(-719_162, 2_932_896))))
def test_a_key_is_of_one_asset_and_day(pairs: list[tuple[int, int]]) -> None:
    asset, day = (np.array([pair[place] for pair in pairs], np.int64) for place in (0, 1))
    key = keys_of(asset, day)
    assert asset_of(key).tolist() == asset.tolist()
    assert day_of(key).tolist() == day.tolist()
    by_key = defaultdict(set)
    for one, pair in zip(key.tolist(), pairs, strict=True):
        by_key[one].add(pair)
    assert all(len(each) == 1 for each in by_key.values())


def test_five_wei_are_not_worth_a_hundred_billion() -> None:
    amount = np.array([10.0**18, 2e18, 5.0, 3e18])
    usd = np.array([2_000.0, 4_100.0, 1e11, 6_050.0])
    key, none = keys_of(np.zeros(4, np.int64), np.zeros(4, np.int64)), np.empty(0, np.int64)
    judgement, _ = judged(key, usd / amount, none, np.empty(0))
    assert judgement.unused.tolist() == [False, False, True, False]
