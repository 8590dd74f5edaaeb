"""Exact decimals as arrays against Python's own integers and decimals."""

from decimal import Decimal

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.ledger import limbs

WHOLE = st.integers(0, 2**256 * 10**6)
HALVES = st.builds(
    lambda top, power, off: (2 * top + 1) * 2**power + off, WHOLE, st.integers(0, 60), st.integers(-1, 1)
)


def as_limbs(values: list[int], width: int = 16) -> NDArray[np.int64]:
    return np.array([[value // 10 ** (8 * n) % 10**8 for n in range(width)] for value in values], np.int64)


@settings(deadline=None)  # the first call compiles
@given(st.lists(WHOLE | HALVES, min_size=1))
@example([2**53 + 1, (2**53 + 1) * 2**40, (2**53 + 1) * 2**40 + 1, 2**64 - 1, 2**64, 0])
def test_a_whole_number_becomes_the_double_nearest_to_it(values: list[int]) -> None:
    assert limbs.nearest(as_limbs(values)).tolist() == [float(value) for value in values]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 10**30), min_size=1), st.integers(1, 30))
def test_a_decimal_becomes_the_double_nearest_to_it(values: list[int], scale: int) -> None:
    fraction = -(-scale // 8)
    units = [value * 10 ** (8 * fraction - scale) for value in values]
    expected = [float(Decimal(value).scaleb(-scale)) for value in values]
    assert limbs.nearest_fractions(as_limbs(units), fraction, scale).tolist() == expected


@settings(deadline=None)  # the first call compiles
@given(st.lists(WHOLE, min_size=1))
def test_digits_are_those_of_the_number(values: list[int]) -> None:
    data, begin, end = limbs.decimal_texts(as_limbs(values))
    text = data.tobytes().decode()
    assert [text[one:other] for one, other in zip(begin, end, strict=True)] == list(map(str, values))


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(st.integers(0, 4), WHOLE)))
def test_sums_by_place_are_exact(rows: list[tuple[int, int]]) -> None:
    sums = np.zeros((5, 17), np.int64)
    values = as_limbs([value for _, value in rows]).reshape(-1, 16).astype(np.int32)
    limbs.add_by_place(values, np.array([place for place, _ in rows], np.int32), sums)
    limbs.carry(sums)
    expected = [sum(value for place, value in rows if place == one) for one in range(5)]
    assert [sum(limb * 10 ** (8 * n) for n, limb in enumerate(row)) for row in sums.tolist()] == expected
