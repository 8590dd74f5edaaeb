"""Amounts for people: in units and rounded, the same on pages, in reports and in the terminal."""

from decimal import ROUND_HALF_UP, Context, Decimal

_LARGE, _ONE = Decimal(1_000), Decimal(1)
_DIGITS = 4
_EXACT = Context(prec=500, rounding=ROUND_HALF_UP)


def rounded_units(base_units: str | int, decimals: int | None) -> str:
    """An amount in the asset's own unit, rounded half up: two places from a thousand on, four from one on.

    Less has four digits that say something. Nothing else is written as 0.
    """
    amount = Decimal(base_units).scaleb(-(decimals or 0), _EXACT)
    if amount == 0:
        return "0"
    size = abs(amount)
    places = 2 if size >= _LARGE else _DIGITS if size >= _ONE else _DIGITS - 1 - size.adjusted()
    rounded = amount.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def two_digits(points: str | None) -> str:
    """Points of a score, rounded half up to two places."""
    if points is None:
        return "unknown"
    return f"{Decimal(points).quantize(Decimal('0.01'), context=_EXACT):f}"
