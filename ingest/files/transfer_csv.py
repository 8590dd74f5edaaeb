"""The product's own CSV form: a header with the event's fields, one transfer a line (docs/event.md)."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from app.domain import ByteProgress, Transfer
from app.errors import InvalidEvent, InvalidInput
from app.input_files import read_lines
from ingest.contract.reasons import SCHEMA_VERSION
from ingest.contract.transfer import OPTIONAL_FIELDS, TRANSFER_FIELDS, parse_event

COLUMNS = tuple(name for name in TRANSFER_FIELDS if name != "schema_version")
"""Those that a file must have; it may also have any of `OPTIONAL_FIELDS`."""
_INTEGERS = ("transfer_index", "block_number", "transaction_index", "decimals")
_NULLABLE = ("decimals", "usd_value", *OPTIONAL_FIELDS)
_small_integer = re.compile(r"[0-9]{1,18}").fullmatch


def read_csv(path: Path, progress: ByteProgress | None = None) -> Iterator[Transfer]:
    """The transfers of a CSV file, plain or `.gz`; columns in any order, empty is null.

    Raises:
        InvalidInput: the file cannot be read, or a line breaks the contract; names line and column.
    """
    lines = read_lines(path, progress)
    number, header_line = next(lines, (1, b""))
    header = _cells(path, number, header_line.removeprefix(b"\xef\xbb\xbf"))
    names = set(header)
    if len(names) < len(header) or not set(COLUMNS) <= names <= {*COLUMNS, *OPTIONAL_FIELDS}:
        raise InvalidInput(
            f"{path}, line {number}: the header must have the columns {', '.join(COLUMNS)}, "
            f"and may have {', '.join(OPTIONAL_FIELDS)}."
        )
    for number, line in lines:
        cells = _cells(path, number, line)
        if len(cells) != len(header):
            raise InvalidInput(f"{path}, line {number}: has {len(cells)} cells for {len(header)} columns.")
        try:
            event = parse_event(_event_fields(dict(zip(header, cells, strict=True))))
        except InvalidEvent as exc:
            raise InvalidInput(f"{path}, line {number}, column {exc}") from exc
        if isinstance(event, Transfer):
            yield event


def _cells(path: Path, number: int, line: bytes) -> list[str]:
    # One line at a time: no value of the contract can hold a line end, so no cell may.
    try:
        rows = list(csv.reader([line.decode()], strict=True))
    except (csv.Error, UnicodeDecodeError) as exc:
        raise InvalidInput(f"{path}, line {number}: is not CSV in UTF-8: {exc}.") from exc
    return rows[0] if rows else []


def _event_fields(row: dict[str, str]) -> dict[str, object]:
    fields: dict[str, object] = {"schema_version": SCHEMA_VERSION, **row}
    for name in _INTEGERS:
        if _small_integer(row[name]):  # what is no integer stays text, and is refused by its own rule
            fields[name] = int(row[name])
    for name in _NULLABLE:
        if row.get(name) == "":
            fields[name] = None
    return fields
