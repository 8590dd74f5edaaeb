"""Amounts for people: rounded, never cut, and nothing that is there is written as nothing."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answers.values.amounts import rounded_units, two_digits


@pytest.mark.parametrize(
    ("base_units", "decimals", "written"),
    [
        ("0", 18, "0"),
        ("1234567890123456789012", 18, "1,234.57"),
        ("1234565000000000000", 18, "1.2346"),
        ("1000000000000000000", 18, "1"),
        ("5", 18, "0.000000000000000005"),
        ("123456", 9, "0.0001235"),
        ("999999", 6, "1"),
        ("7", None, "7"),
        ("12345", 2, "123.45"),
        ("9" * 78, 0, f"{int('9' * 78):,}"),
    ],
)
def test_amounts(base_units: str, decimals: int | None, written: str) -> None:
    assert rounded_units(base_units, decimals) == written


@given(st.integers(1, 10**78), st.integers(0, 80))
def test_what_is_written_is_near(base_units: int, decimals: int) -> None:
    exact = Fraction(base_units, 10**decimals)
    written = Fraction(rounded_units(base_units, decimals).replace(",", ""))
    assert written > 0
    assert abs(written - exact) <= exact / 1_000


def test_scores_have_two_digits() -> None:
    assert [two_digits(each) for each in ("14.000000", "0.004999", "99.995000", None)] == [
        "14.00",
        "0.00",
        "100.00",
        "unknown",
    ]
