"""Prices from CSV: an asset, a day and a price in USD a line, under the headings that exports use."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from app.chains.asset_reference import asset_of
from app.domain import ByteProgress
from app.errors import InvalidEvent, InvalidInput
from app.input_files import read_text_lines
from app.prices.store import PriceRow
from app.skipped_lines import SkippedLines

HEADINGS: Final = {
    "asset": ("asset", "token", "contract", "contract_address", "token_address", "address", "symbol"),
    "chain": ("chain", "network", "blockchain"),
    "day": ("day", "date", "timestamp", "time", "snapped_at"),
    "price": ("price", "usd", "price_usd", "usd_price", "close", "value"),
    "source": ("source", "data_source"),
}
"""Headings by what they mean, in any case; the first that is there is read."""
REASONS: Final = {
    "bad_day": "no date, ISO 8601 time or Unix time",
    "bad_price": "no decimal above 0 with at most 30 digits before and 18 after the point",
    "bad_asset": "no contract and no symbol",
    "bad_checksum": "the contract's capitals do not carry its checksum",
    "unknown_chain": "no chain that is known",
    "wrong_fields": "more or fewer fields than the heading",
    "duplicate": "the file has another price of this asset, day and source; the last one counts",
}
MAX_SOURCE: Final = 200
_MOST = Decimal(10) ** 30


def read_prices(
    path: Path,
    skipped: SkippedLines,
    *,
    source: str | None = None,
    asset: str | None = None,
    chain: str | None = None,
    progress: ByteProgress | None = None,
) -> Iterator[PriceRow]:
    """The prices of a file; what a line does not say comes from the arguments, or from the file's name.

    Raises:
        InvalidInput: no CSV, or its heading lacks a day, a price, or an asset that `asset` does not say.
    """
    named = (source or path.name.split(".")[0]).strip()[:MAX_SOURCE]
    lines = ((number, line) for number, line in read_text_lines(path, progress) if line.strip())
    first = next(lines, (1, ""))[1]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    heading = [name.strip().lower() for name in next(iter(csv.reader([first], delimiter=delimiter)), [])]
    place = _places(path, heading, asset)
    seen: set[tuple[str, str, date, str]] = set()
    for number, line in lines:
        origin = f"{path}:{number}"
        try:
            fields = next(csv.reader([line], delimiter=delimiter, strict=True))
        except (csv.Error, StopIteration):
            fields = []
        if len(fields) != len(heading):
            skipped.skip("wrong_fields", origin)
            continue
        said = {meaning: fields[at].strip() for meaning, at in place.items()}
        try:
            row = _row(said, asset, chain, named)
        except InvalidEvent as exc:
            skipped.skip(exc.reason, origin)
            continue
        identity = row.chain, row.asset, row.day, row.source
        if identity in seen:
            skipped.skip("duplicate", origin)
        seen.add(identity)
        yield row


def _places(path: Path, heading: list[str], asset: str | None) -> dict[str, int]:
    place = {
        meaning: next(heading.index(name) for name in names if name in heading)
        for meaning, names in HEADINGS.items()
        if set(names) & set(heading)
    }
    needed = {"day", "price"} | (set() if asset else {"asset"})
    if missing := sorted(needed - place.keys()):
        named = "; ".join(f"{meaning}: {', '.join(HEADINGS[meaning])}" for meaning in missing)
        raise InvalidInput(
            f"{path}:1: the heading has no {' and no '.join(missing)}. It may be named ({named})."
            + (" Of a file of one asset say --asset chain:asset." if "asset" in missing else "")
        )
    return place


def _row(said: dict[str, str], asset: str | None, chain: str | None, source: str) -> PriceRow:
    on_chain, stored = asset_of(said.get("asset") or asset or "", said.get("chain") or chain)
    by = said.get("source", "")[:MAX_SOURCE] or source
    return PriceRow(on_chain, stored, _day(said["day"]), _price(said["price"]), by)


def _price(text: str) -> Decimal:
    """A plain or exponential decimal, exactly; a dollar sign before it says nothing."""
    try:
        price = Decimal(text.removeprefix("$"))
    except InvalidOperation as exc:
        raise InvalidEvent("bad_price", text[:60]) from exc
    if not price.is_finite() or not 0 < price < _MOST or "_" in text:
        raise InvalidEvent("bad_price", text[:60])
    exponent = price.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > 18:  # noqa: PLR2004 - as values of transfers
        rounded = price.quantize(Decimal(10) ** -18) if price >= Decimal(10) ** -18 else Decimal(0)
        if rounded <= 0:
            raise InvalidEvent("bad_price", text[:60])
        return rounded
    return price


def _day(text: str) -> date:
    try:
        if text.isascii() and text.isdigit() and len(text) in (10, 13):
            return datetime.fromtimestamp(int(text[:10]), UTC).date()
        moment = datetime.fromisoformat(text.removesuffix(" UTC").strip())
        return moment.astimezone(UTC).date() if moment.tzinfo else moment.date()
    except (ValueError, OverflowError) as exc:
        raise InvalidEvent("bad_day", text[:60]) from exc
