"""Labels from CSV: chain,address,category,name,source,confidence[,valid_from,valid_to,tag]."""

import csv
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from app.chains.addresses import normalise_address
from app.chains.tags import normalise_tag, split_tag
from app.domain import ByteProgress
from app.errors import InvalidEvent, InvalidInput
from app.file_kinds import delimiter_of, is_delimiter_line
from app.input_files import read_text_lines
from app.labels.formulas import unguarded
from app.labels.readers.files import MAX_TEXT_BYTES
from app.labels.store import LabelRow

REQUIRED = ("chain", "address", "category", "name", "source", "confidence")
TIMES = ("valid_from", "valid_to")
OPTIONAL = (*TIMES, "tag")
MAX_CONFIDENCE = 100


def read_csv(path: Path, *, progress: ByteProgress | None = None) -> Iterator[LabelRow]:
    """The labels of a CSV file, line by line.

    A label with an empty category only names its wallet. Times are ISO 8601 with their zone, or dates at
    midnight UTC. An address that has its tag in itself (`app/chains/tags.py`) gives it to the label.

    Raises:
        InvalidInput: a line breaks the format; the message names file and line.
    """
    yield from _labels((line for _, line in read_text_lines(path, progress)), path)


def _labels(lines: Iterator[str], file: Path) -> Iterator[LabelRow]:
    first = next(lines, "")
    if is_delimiter_line(first):
        first = next(lines, "")
    reader = csv.DictReader(chain([first], lines), strict=True, delimiter=delimiter_of(first))
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = header
        missing = [name for name in REQUIRED if name not in header]
        unknown = [name for name in header if name not in REQUIRED + OPTIONAL]
        if missing or unknown or len(set(header)) < len(header):
            raise InvalidInput(f"{file}:1: the header must be {','.join(REQUIRED)}[,{','.join(OPTIONAL)}].")
        for row in reader:
            yield _label(row, f"{file}:{reader.line_num}")
    except csv.Error as exc:
        raise InvalidInput(f"{file}:{reader.reader.line_num}: not CSV ({exc}).") from exc


def _label(row: dict[str | None, Any], origin: str) -> LabelRow:
    if None in row or None in row.values():
        raise InvalidInput(f"{origin}: more or fewer fields than the header. Quote fields with commas.")
    fields = {str(name): unguarded(value.strip()) for name, value in row.items()}
    for name, value in fields.items():
        if len(value.encode()) > MAX_TEXT_BYTES or any(unicodedata.category(char) == "Cc" for char in value):
            raise InvalidInput(f"{origin}: {name} has over {MAX_TEXT_BYTES} bytes or a control character.")
        if not value and name in REQUIRED and name != "category":
            raise InvalidInput(f"{origin}: {name} is empty.")
    confidence = fields["confidence"]
    if not (confidence.isascii() and confidence.isdigit() and int(confidence) <= MAX_CONFIDENCE):
        raise InvalidInput(f"{origin}: confidence must be a whole number from 0 to 100, not {confidence}.")
    try:
        written, tag = split_tag(fields["address"])
        tag = fields.get("tag") or tag
        address = normalise_address(fields["chain"], written)
        tag = normalise_tag(tag) if tag else None
    except InvalidEvent as exc:
        raise InvalidInput(f"{origin}: {exc}") from exc
    valid_from, valid_to = (_time(fields.get(name, ""), origin, name) for name in TIMES)
    if valid_from and valid_to and valid_from >= valid_to:
        raise InvalidInput(f"{origin}: valid_to must be later than valid_from.")
    return LabelRow(
        fields["chain"],
        address,
        fields["category"] or None,
        fields["name"],
        fields["source"],
        int(confidence),
        valid_from,
        valid_to,
        origin,
        tag,
    )


def _time(value: str, origin: str, name: str) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as exc:
        raise InvalidInput(f"{origin}: {name} must be a date or an ISO 8601 time, not {value}.") from exc
    if len(value) == len("2026-01-01"):
        moment = moment.replace(tzinfo=UTC)
    if moment.tzinfo is None:
        raise InvalidInput(f"{origin}: {name} needs its time zone, for example {value}Z.")
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise InvalidInput(f"{origin}: {name} is before the year 1 or after 9999 in UTC: {value}.") from exc
