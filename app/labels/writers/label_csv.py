"""Labels as the product's CSV: what is written is imported as the same labels."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from app.labels.formulas import guarded
from app.labels.readers.label_csv import OPTIONAL, REQUIRED
from app.labels.writers.current import ExportedLabel

COLUMNS: Final = REQUIRED + OPTIONAL


def write_csv(labels: Iterable[ExportedLabel], file: Path) -> int:
    """Writes labels as the CSV that is imported as the same labels; answers how many."""
    number = 0
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for label in labels:
            writer.writerow(guarded(value) if isinstance(value, str) else value for value in label)
            number += 1
    return number
