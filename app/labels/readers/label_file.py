"""The one door to label files, whatever their form."""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.labels.readers.label_csv import read_csv
from app.labels.store import LabelRow


class LabelFormat(StrEnum):
    """Files that labels are read from."""

    csv = "csv"
    tagpack = "tagpack"
    ofac = "ofac"


def read_labels(
    path: Path, file_format: LabelFormat, *, skipped: Counter[str], progress: ByteProgress | None = None
) -> Iterator[LabelRow]:
    """The labels of a file, or of a folder where the form allows one.

    CSV is the product's own form: a line that cannot be used is an error. In other people's files it is
    skipped and counted by reason, and of a label that stands there twice (`duplicate`) the more confident
    one is taken.

    Raises:
        InvalidInput: nothing to read there, or a damaged file; the message names file and line.
    """
    if not path.exists():
        raise InvalidInput(f"{path} does not exist.")
    # Their parsers are large: loaded when they are needed, or `aml --help` would take twice as long.
    if file_format is LabelFormat.tagpack:
        from app.labels.readers.tagpack import read_tagpacks  # noqa: PLC0415 - see above

        return _best(read_tagpacks(path, skipped=skipped, progress=progress), skipped)
    if file_format is LabelFormat.ofac:
        from app.labels.readers.ofac import read_ofac  # noqa: PLC0415 - see above

        return _best(read_ofac(path, skipped=skipped, progress=progress), skipped)
    return read_csv(path, progress=progress)


def _best(rows: Iterable[LabelRow], skipped: Counter[str]) -> Iterator[LabelRow]:
    best: dict[tuple[str | None, ...], LabelRow] = {}
    for row in rows:
        first = best.setdefault(row.identity, row)
        if first is not row:
            skipped["duplicate"] += 1
            best[row.identity] = max(first, row, key=lambda label: label.confidence)
    yield from best.values()
