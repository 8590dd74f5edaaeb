"""Records of a file: field names to values, from CSV, JSON lines, JSON documents and Parquet, also packed."""

import csv
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.file_kinds import MARK, SAVE_AS_UTF8, delimiter_of, is_delimiter_line, refuse_repeated
from app.input_files import PACKED_SUFFIXES, read_lines
from app.plain_json import MAX_VALUES, has_too_many_values

Record = dict[str, object]
Lines = Iterator[tuple[int, bytes]]

MAX_DOCUMENT_BYTES: Final = 64 * 2**20
"""Of a JSON document that is not one record a line: it is read whole."""
MAX_CELL_LINES: Final = 100
"""Lines that one record of a CSV file may have, where a cell holds line ends."""
SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".csv", ".parquet")
_LISTS = ("result", "data", "items")
"""Members in which an API's answer has its rows."""


def plain_suffix(path: Path) -> str:
    """The last suffix of a file's name without `.gz` or `.zst`, in lower case."""
    name = path.name.lower()
    for packed in PACKED_SUFFIXES:
        name = name.removesuffix(packed)
    return Path(name).suffix


def read_records(path: Path, progress: ByteProgress | None = None) -> Iterator[tuple[int, Record]]:
    """The records of a file with their lines, in a JSON list and in Parquet their numbers, from 1.

    An empty CSV cell is None, as is a null of JSON. The form is found by content.

    Raises:
        InvalidInput: the file cannot be read or is damaged; names file and line.
    """
    if plain_suffix(path) == ".parquet":
        from ingest.files.parquet_records import read_parquet  # noqa: PLC0415 - large, and an extra

        yield from read_parquet(path, progress)
        return
    lines = read_lines(path, progress)
    number, first = next(lines, (1, b""))
    first = first.removeprefix(MARK)
    if not first:
        return
    lines = chain([(number, first)], lines)
    if first.startswith(b"["):
        yield from _document(path, number, lines)
    elif first.startswith(b"{") or plain_suffix(path) in (".json", ".jsonl", ".ndjson"):
        yield from _objects(path, number, first, lines)
    else:
        yield from _table(path, lines)


def _objects(path: Path, number: int, first: bytes, lines: Lines) -> Iterator[tuple[int, Record]]:
    """One object a line, or one over several lines."""
    _refuse_many_values(path, number, first)
    try:
        json.loads(first)
    except json.JSONDecodeError:
        yield from _document(path, number, lines)
        return
    except (ValueError, RecursionError):
        pass  # it is told below
    for line_number, line in lines:
        record = _parse(path, line_number, line)
        if line_number == number and (rows := _rows(record)) is not None:
            yield from _numbered(path, line_number, rows)
        elif isinstance(record, dict):
            yield line_number, record
        else:
            raise InvalidInput(f"{path}, line {line_number}: is no JSON object.")


def _document(path: Path, number: int, lines: Lines) -> Iterator[tuple[int, Record]]:
    body = bytearray()
    last = number
    for line_number, line in lines:
        body += b"\n" * (line_number - last) + line
        last = line_number
        if len(body) > MAX_DOCUMENT_BYTES:
            raise InvalidInput(
                f"{path}: is one JSON document of over {MAX_DOCUMENT_BYTES} bytes. Write one record a line."
            )
    value = _parse(path, number, bytes(body))
    rows = value if isinstance(value, list) else _rows(value)
    yield from _numbered(path, number, [value] if rows is None else rows)


def _rows(value: object) -> list[object] | None:
    """The rows of an API's answer, or None where it is none."""
    if not isinstance(value, dict):
        return None
    return next((rows for name in _LISTS if isinstance(rows := value.get(name), list)), None)


def _numbered(path: Path, number: int, rows: list[object]) -> Iterator[tuple[int, Record]]:
    for item, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise InvalidInput(f"{path}, line {number}: item {item} is no JSON object.")
        yield item, row


def _parse(path: Path, number: int, text: bytes) -> object:
    _refuse_many_values(path, number, text)
    try:
        # Not orjson: it reads integers beyond 64 bits as floats, and amounts are such.
        return json.loads(text)
    except json.JSONDecodeError as exc:
        raise InvalidInput(f"{path}, line {number + exc.lineno - 1}: is no JSON: {exc.msg}.") from exc
    except (ValueError, RecursionError) as exc:
        raise InvalidInput(f"{path}, line {number}: is no JSON: {exc}.") from exc


def _refuse_many_values(path: Path, number: int, text: bytes) -> None:
    if has_too_many_values(text):
        raise InvalidInput(
            f"{path}, line {number}: is one JSON document of over {MAX_VALUES:,} values."
            " Write one record a line."
        )


def _table(path: Path, lines: Lines) -> Iterator[tuple[int, Record]]:
    header: list[str] = []
    number, first = next(lines)
    if is_delimiter_line(first.decode(errors="replace")):
        number, first = next(lines, (number, b""))
    delimiter = delimiter_of(first.decode(errors="replace"))
    rows = _rows_of_cells(path, chain([(number, first)], lines), delimiter)
    for line, given in rows:
        if not header:
            header = [name.strip() for name in given]
            if not any(char.islower() for name in header for char in name):  # as a warehouse exports them
                header = [name.lower() for name in header]
            refuse_repeated(path, line, header)
            continue
        # Blanks at the end of a line are cut off, and so are empty cells between tabs.
        cells = given + [""] * (len(header) - len(given)) if delimiter == "\t" else given
        # Etherscan's rows end with a comma more than their header.
        if len(cells) < len(header) or any(cells[len(header) :]):
            raise InvalidInput(f"{path}, line {line}: has {len(cells)} cells for {len(header)} columns.")
        yield line, {name: cell.strip() or None for name, cell in zip(header, cells, strict=False)}


def _rows_of_cells(path: Path, lines: Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    first, text, held = 0, "", 0
    for number, line in lines:
        first, held = (number, 1) if not held else (first, held + 1)
        try:
            text = f"{text}\n{line.decode()}" if held > 1 else line.decode()
            texts = text.split("\n") if held > 1 else [text]
            cells = next(iter(csv.reader(texts, strict=True, delimiter=delimiter)), [])
        except (csv.Error, UnicodeDecodeError) as exc:
            # A quotation mark is open: the cell may go on in the next line.
            if "unexpected end of data" in str(exc) and held < MAX_CELL_LINES:
                continue
            raise InvalidInput(f"{path}, line {first}: is not CSV in UTF-8: {exc}. {SAVE_AS_UTF8}.") from exc
        held = 0
        yield first, cells
    if held:
        raise InvalidInput(f"{path}, line {first}: is not CSV: a quotation mark is never closed.")
