"""Watched wallets as CSV: what is written is read as the same wallets and references."""

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from app.alerts.watched import CSV_COLUMNS, Watch
from app.answers.alerts import WatchedWallet
from app.errors import InvalidInput
from app.input_files import read_text_lines
from app.labels.formulas import guarded, unguarded

REQUIRED: Final = ("chain", "address")
MAX_LENGTH: Final = 200


def read_watches(path: Path) -> Iterator[Watch]:
    """The wallets of a CSV file: chain,address[,reference,customer_reference].

    Raises:
        InvalidInput: a line breaks the format; the message names file and line.
    """
    reader = csv.DictReader((line for _, line in read_text_lines(path)), strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = header
        is_known = set(REQUIRED) <= set(header) <= set(CSV_COLUMNS)
        if not is_known or len(set(header)) < len(header):
            raise InvalidInput(
                f"{path}:1: the header must be {','.join(CSV_COLUMNS)}; the last two may be away."
            )
        for row in reader:
            yield _watch(row, f"{path}:{reader.line_num}")
    except csv.Error as exc:
        raise InvalidInput(f"{path}:{reader.line_num}: not CSV ({exc}).") from exc


def write_watches(wallets: Iterable[WatchedWallet], path: Path) -> int:
    """Writes watched wallets as that CSV; returns how many."""
    number = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for each in wallets:
            references = (each.reference or "", each.customer_reference or "")
            writer.writerow([each.wallet.chain, each.wallet.address, *map(guarded, references)])
            number += 1
    return number


def _watch(row: dict[str | None, str | None], origin: str) -> Watch:
    if None in row or None in row.values():
        raise InvalidInput(f"{origin}: more or fewer fields than the header. Quote fields with commas.")
    fields = {str(name): unguarded(str(value).strip()) for name, value in row.items()}
    for name, value in fields.items():
        if len(value) > MAX_LENGTH or any(unicodedata.category(char) == "Cc" for char in value):
            raise InvalidInput(f"{origin}: {name} is longer than {MAX_LENGTH} or has a control character.")
        if not value and name in REQUIRED:
            raise InvalidInput(f"{origin}: {name} is empty.")
    reference, customer = (fields.get(name) or None for name in ("reference", "customer_reference"))
    return Watch(fields["chain"], fields["address"], reference, customer, origin)
