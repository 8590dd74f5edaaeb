"""Numbers, times and names as text for people; no code computes with the results."""

from datetime import UTC, datetime

from app.answers.assets import short
from app.answers.values.amounts import rounded_units, two_digits
from app.domain import decimal_units

__all__ = ["short", "two_digits"]

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def grouped(number: float | str | None) -> str:
    """A whole or decimal number with separated thousands."""
    if number is None:
        return "–"
    whole, _, fraction = str(number).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits or 0):,}" + (f".{fraction}" if fraction else "")


def units(base_units: str, decimals: int | None) -> str:
    """An amount in the asset's own unit, with every digit."""
    return grouped(decimal_units(base_units, decimals))


def units_short(base_units: str, decimals: int | None) -> str:
    """An amount rounded for people; the page has the whole as its title."""
    return rounded_units(base_units, decimals)


def percent(share: float | None) -> str:
    """A share (0..1) in percent; only 0 is written 0, and only the whole 100."""
    if share is None:
        return "–"
    hundredths = share * 100
    if 0 < hundredths < 0.01:  # noqa: PLR2004 - the least that two decimal places show
        return "<0.01 %"
    if 99.99 < hundredths < 100 - 1e-7:  # noqa: PLR2004 - likewise; the rest is rounding of doubles
        return ">99.99 %"
    return f"{hundredths:.2f} %"


def moment(time: datetime | None) -> str:
    """A time in UTC, to the second."""
    return "–" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def span(seconds: float | None) -> str:
    """A duration, the longer the coarser."""
    if seconds is None:
        return "–"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = int(seconds)  # never rounded up: 60 s are a minute
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def words(name: str) -> str:
    """An identifier as words."""
    return name.replace("_", " ")


def cell(value: object) -> str:
    """One column of an answer: numbers with separated thousands, times to the second, lists by commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list):
        return ", ".join(map(cell, value))
    if isinstance(value, float):
        return f"{value:,.8f}".rstrip("0").rstrip(".") if abs(value) >= 1e-6 or not value else f"{value:.3g}"  # noqa: PLR2004 - smaller ones as powers of ten
    return f"{value:,}" if isinstance(value, int) else str(value)
