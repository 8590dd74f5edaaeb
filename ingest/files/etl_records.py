"""Records of an ethereum-etl export, one a line, in JSON or CSV: field names to values."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.input_files import read_lines

Record = dict[str, object]


def read_records(path: Path, progress: ByteProgress | None) -> Iterator[Record]:
    """The records of a file; an empty CSV cell is None, as is a null of JSON."""
    lines = read_lines(path, progress)
    header: list[str] = []
    is_csv = path.name.removesuffix(".gz").endswith(".csv")
    for number, line in lines:
        try:
            if not is_csv:
                # Not orjson: it reads integers beyond 64 bits as floats, and amounts are such.
                record = json.loads(line)
            elif not header:
                header = _cells(line.removeprefix(b"\xef\xbb\xbf"))
                continue
            else:
                cells = [cell or None for cell in _cells(line)]
                record = dict(zip(header, cells, strict=True))
        except (ValueError, RecursionError, csv.Error) as exc:
            raise InvalidInput(f"{path}, line {number}: is no record of ethereum-etl: {exc}.") from exc
        if not isinstance(record, dict):
            raise InvalidInput(f"{path}, line {number}: is no JSON object.")
        yield record


def _cells(line: bytes) -> list[str]:
    return next(iter(csv.reader([line.decode()], strict=True)), [])
