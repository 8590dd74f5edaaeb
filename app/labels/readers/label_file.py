"""Reads label files of every format."""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.labels.readers.label_csv import read_csv
from app.labels.store import LabelRow


class LabelFormat(StrEnum):
    """Formats of label files."""

    csv = "csv"
    tagpack = "tagpack"
    ofac = "ofac"


def read_labels(
    path: Path, file_format: LabelFormat, *, skipped: Counter[str], progress: ByteProgress | None = None
) -> Iterator[LabelRow]:
    """The labels of a file, or of a folder where the format allows one.

    CSV is the project's own format: a line that cannot be used is an error. In foreign files it is skipped
    and counted by reason in `skipped`, and of two equal labels (`duplicate`) the more confident one is taken.

    Raises:
        InvalidInput: there is nothing to read, or a file is damaged; the message names file and line.
    """
    if not path.exists():
        raise InvalidInput(f"{path} does not exist.")
    # Their parsers are large: imported when needed, or `aml --help` would take twice as long.
    if file_format is LabelFormat.tagpack:
        from app.labels.readers.tagpack import read_tagpacks  # noqa: PLC0415 - see above

        return _most_confident(read_tagpacks(path, skipped=skipped, progress=progress), skipped)
    if file_format is LabelFormat.ofac:
        from app.labels.readers.ofac import read_ofac  # noqa: PLC0415 - see above

        return _most_confident(read_ofac(path, skipped=skipped, progress=progress), skipped)
    return read_csv(path, progress=progress)


def _most_confident(rows: Iterable[LabelRow], skipped: Counter[str]) -> Iterator[LabelRow]:
    best: dict[tuple[str | None, ...], LabelRow] = {}
    for row in rows:
        first = best.setdefault(row.identity, row)
        if first is not row:
            skipped["duplicate"] += 1
            best[row.identity] = max(first, row, key=lambda label: label.confidence)
    yield from best.values()
