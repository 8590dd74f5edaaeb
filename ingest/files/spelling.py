"""How exporters spell numbers, times and nothing: JSON, CSV, BigQuery, pandas, Parquet, JSON-RPC."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

NOTHING: Final = frozenset(("", "NaN", "nan", "NaT", "None", "null", "NULL", "<NA>", "N/A", r"\N"))
"""Texts that stand for no value."""

_LARGEST_EXACT = 2**53
"""Integers above it are not exact in a float."""
_FIRST_OF_UNIT = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3))
"""From which number on a time is in nano-, micro- and milliseconds."""
_integer = re.compile(r"(-?[0-9]{1,100})(?:\.0{1,20})?").fullmatch
_hex = re.compile(r"0[xX]([0-9a-fA-F]{1,64})").fullmatch
_without_zone = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)"
).fullmatch
_zone_without_colon = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)([+-][0-9]{2})([0-9]{2})"
).fullmatch
_decimal = re.compile(r"[0-9]{1,60}(?:\.[0-9]{1,60})?(?:[eE][+-]?[0-9]{1,2})?").fullmatch
_grouped = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]{1,60})?").fullmatch
_decimal_comma = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})*,[0-9]{1,60}|[0-9]{1,60},[0-9]{1,60}").fullmatch


def value(of: object) -> object:
    """The value, or None where it is a spelling of nothing."""
    if of is None or (isinstance(of, str) and of in NOTHING):
        return None
    return None if isinstance(of, float) and of != of else of  # noqa: PLR0124 - NaN alone is not itself


def integer(of: object) -> object:
    """An integer that is spelled as text, hex, bytes, or a float that is exact; anything else as it is.

    The contract refuses what is no integer then. A float above 2^53 has lost digits and stays a float.
    """
    of = value(of)
    if isinstance(of, str):
        if match := _integer(of):
            return int(match[1])
        return int(match[1], 16) if (match := _hex(of)) else of
    if isinstance(of, float):
        return int(of) if of.is_integer() and abs(of) <= _LARGEST_EXACT else of
    if isinstance(of, Decimal):
        return int(of) if of.is_finite() and of == of.to_integral_value() else str(of)
    return of


def amount(of: object) -> object:
    """Base units as the contract writes them: a string of digits."""
    units = integer(of)
    return str(units) if type(units) is int else units


def decimal(of: object) -> Decimal | None:
    """A decimal number for people, as `3,067.671` or `$330.58`; None where it is none."""
    of = value(of)
    text = str(of).removeprefix("$") if isinstance(of, str | int) else ""
    if _grouped(text):
        text = text.replace(",", "")
    return Decimal(text) if _decimal(text) else None


def has_decimal_comma(of: object) -> bool:
    """Whether a number can only be one whose fraction stands behind a comma, as `1,5` or `1.234,50`."""
    text = of.removeprefix("$") if isinstance(of, str) else ""
    return _decimal_comma(text) is not None and _grouped(text) is None


def time(of: object) -> object:
    """A time as RFC 3339: from Unix seconds to nanoseconds, a date and time, with ` UTC`, or without a zone.

    A time of a block without a zone is in UTC: exporters know no other. What is no time stays as it is.
    """
    if isinstance(of, datetime):
        return (of if of.tzinfo else of.replace(tzinfo=UTC)).isoformat()
    number = integer(of)
    if type(number) is int:
        return _of_number(number)
    if not isinstance(number, str):
        return number
    text = number.removesuffix(" UTC")
    if match := _without_zone(text):
        return f"{match[1]}T{match[2]}Z"
    if match := _zone_without_colon(text):
        return f"{match[1]}T{match[2]}{match[3]}:{match[4]}"
    return number


def _of_number(number: int) -> str:
    unit = next((unit for first, unit in _FIRST_OF_UNIT if number >= first), 1)
    try:
        return datetime.fromtimestamp(number // unit, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return str(number)
