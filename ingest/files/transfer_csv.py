"""The product's own CSV form: a header with the event's fields, one transfer a line (docs/event.md)."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from app.domain import ByteProgress, Transfer
from app.errors import InvalidEvent, InvalidInput
from app.file_kinds import MARK, SAVE_AS_UTF8, delimiter_of, is_delimiter_line, refuse_repeated
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
    text = header_line.removeprefix(MARK).decode(errors="replace")
    if is_delimiter_line(text):
        number, header_line = next(lines, (number, b""))
        text = header_line.decode(errors="replace")
    delimiter = delimiter_of(text)
    header = _cells(path, number, header_line.removeprefix(MARK), delimiter)
    refuse_repeated(path, number, header)
    names = set(header)
    if not set(COLUMNS) <= names <= {*COLUMNS, *OPTIONAL_FIELDS}:
        raise InvalidInput(
            f"{path}, line {number}: the header must have the columns {', '.join(COLUMNS)}, "
            f"and may have {', '.join(OPTIONAL_FIELDS)}."
        )
    for number, line in lines:
        cells = _cells(path, number, line, delimiter)
        if delimiter == "\t":  # empty cells at the end of a line are blanks, which are cut off
            cells += [""] * (len(header) - len(cells))
        if len(cells) != len(header):
            raise InvalidInput(f"{path}, line {number}: has {len(cells)} cells for {len(header)} columns.")
        try:
            event = parse_event(_event_fields(dict(zip(header, cells, strict=True))))
        except InvalidEvent as exc:
            raise InvalidInput(f"{path}, line {number}, column {exc}") from exc
        if isinstance(event, Transfer):
            yield event


def _cells(path: Path, number: int, line: bytes, delimiter: str) -> list[str]:
    # One line at a time: no value of the contract can hold a line end, so no cell may.
    try:
        rows = list(csv.reader([line.decode()], strict=True, delimiter=delimiter))
    except (csv.Error, UnicodeDecodeError) as exc:
        raise InvalidInput(f"{path}, line {number}: is not CSV in UTF-8: {exc}. {SAVE_AS_UTF8}.") from exc
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
