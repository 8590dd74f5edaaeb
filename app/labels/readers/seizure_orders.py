"""Labels from the seizure orders of Israel's bureau for counter terror financing (NBCTF), exported."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.labels.readers.files import every_line, one_line
from app.labels.readers.free_text import addresses_in
from app.labels.readers.unusable import skip
from app.labels.store import LabelRow

SOURCE = "Israel NBCTF"
CATEGORY = "terrorist_financing"
CONFIDENCE = 100
COLUMNS = frozenset(("Order Number", "Assets", "Is Canceled"))
"""Columns by which the export is recognised."""
_NAME = "Name:"


def read_seizure_orders(
    path: Path, *, skipped: Counter[str], progress: ByteProgress | None = None
) -> Iterator[LabelRow]:
    """The wallets that orders name in their `Assets`.

    The name of a label is that of its order, with its dates: an order ends, and what it says of a wallet
    does not, so labels are valid without limits. Left out are `cancelled` orders, and an `exchange_user`:
    the number of an account at an exchange, which is no address.

    Raises:
        InvalidInput: no such CSV; the message names file and line.
    """
    reader = csv.DictReader(every_line(path, progress), strict=True)
    try:
        for row in reader:
            yield from _of_order(row, path, reader.line_num, skipped)
    except csv.Error as exc:
        raise InvalidInput(f"{path}:{reader.reader.line_num}: not CSV ({exc}).") from exc


def _of_order(
    row: dict[str, str | None], path: Path, last_line: int, skipped: Counter[str]
) -> Iterator[LabelRow]:
    assets = row.get("Assets") or ""
    # The cell is the last but one, and its lines end with the row.
    first_line = last_line - assets.count("\n")
    if (row.get("Is Canceled") or "").strip().lower() == "true":
        skip(skipped, "cancelled", f"{path}:{first_line}", row.get("Order Number") or "")
        return
    dates = " to ".join(filter(None, (row.get("Order Date"), row.get("Validity Date"))))
    name = one_line(f"{row.get('Name en') or row.get('Order Number')} ({dates})")
    for number, line in enumerate(assets.split("\n")):
        label, _, named = line.partition(_NAME)
        if label.strip() or not named.strip():
            continue
        origin = f"{path}:{first_line + number}"
        found = list(addresses_in(named))
        if not found:
            skip(skipped, "exchange_user" if named.strip().isdigit() else "bad_address", origin, named)
        for each in found:
            if each.wallet is None:
                skip(skipped, "bad_address", origin, each.text)
                continue
            yield LabelRow(
                *each.wallet,
                CATEGORY,
                name,
                SOURCE,
                CONFIDENCE,
                valid_from=None,
                valid_to=None,
                origin=origin,
            )
