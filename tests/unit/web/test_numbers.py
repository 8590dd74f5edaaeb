"""Numbers as pages write them: nothing is rounded into something it is not."""

import pytest

from app.domain import format_points
from app.web.numbers import grouped, percent, short, span, units, units_short


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0.0, "0.00 %"),
        (1e-12, "<0.01 %"),
        (0.5, "50.00 %"),
        (0.99996, ">99.99 %"),
        (1.0, "100.00 %"),
        (1 - 1e-16, "100.00 %"),
        (None, "–"),
    ],
)
def test_a_share_is_neither_nothing_nor_all_unless_it_is(share: float | None, written: str) -> None:
    assert percent(share) == written


@pytest.mark.parametrize(
    ("base_units", "decimals", "whole", "rounded"),
    [
        ("1642894143000000001", 18, "1.642894143000000001", "1.6429"),
        ("1500000000000000000000", 18, "1,500", "1,500"),
        ("1", 18, "0.000000000000000001", "0.000000000000000001"),
        ("1234567", None, "1,234,567", "1,234,567"),
        ("0", 6, "0", "0"),
    ],
)
def test_amounts_keep_every_digit_and_are_rounded_for_people(
    base_units: str, decimals: int | None, whole: str, rounded: str
) -> None:
    assert (units(base_units, decimals), units_short(base_units, decimals)) == (whole, rounded)


def test_other_numbers() -> None:
    assert [grouped(n) for n in (None, 0, 1_234_567, "-1234.50")] == ["–", "0", "1,234,567", "-1,234.50"]
    assert [span(s) for s in (None, 0.44, 61, 3_700, 90_000)] == [
        "–",
        "0.4 s",
        "1 min 1 s",
        "1 h 1 min",
        "1 d 1 h",
    ]
    assert short("0x" + "ab" * 20) == "0xababab…ababab"
    assert [format_points(n) for n in (-1, -14_000_000, 2_500_000)] == ["-0.000001", "-14.000000", "2.500000"]
