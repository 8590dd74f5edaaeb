"""OFAC's delimited files: `sdn.csv`, `.del` (@), `.pip` (|) and the text list; addresses are in remarks."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.input_files import read_text_lines
from app.labels.readers.sanctions_xml import OFAC, ListedAddress

_DELIMITERS: Final = {".del": "@", ".pip": "|"}
_NOTHING: Final = "-0-"
_COMMENT_CELLS: Final = 2
"""Of `sdn_comments`: the number of an entry, and the remarks that its row had no space for."""
_address = re.compile(
    r"digital\s+currency\s+address\s*[^\w\s]*\s*(?:([A-Za-z0-9]{2,10})\s+)?([^\s;,.]{14,})", re.IGNORECASE
).finditer


def read_delimited(file: Path, progress: ByteProgress | None = None) -> Iterator[ListedAddress]:
    """The addresses in the remarks of each row; a name is that of its row, the second cell.

    Raises:
        InvalidInput: no text in UTF-8 or no table; names file and line.
    """
    delimiter = _DELIMITERS.get(file.suffix.lower(), ",")
    for number, line in read_text_lines(file, progress):
        if delimiter != "," or line.lstrip().startswith('"') or line.split(",", 1)[0].strip().isdigit():
            cells = _cells(file, number, line, delimiter)
        else:
            cells = [line]
        has_name = len(cells) > _COMMENT_CELLS
        name = cells[1].strip() if has_name and cells[1].strip() != _NOTHING else OFAC
        for match in _address(" ".join(cells[1:]) if len(cells) > 1 else line):
            yield ListedAddress(number, match[1] or "", match[2], name, OFAC)


def _cells(file: Path, number: int, line: str, delimiter: str) -> list[str]:
    try:
        return next(iter(csv.reader([line], delimiter=delimiter, skipinitialspace=True)), [])
    except csv.Error as exc:
        raise InvalidInput(f"{file}:{number}: not a table of OFAC ({exc}).") from exc
