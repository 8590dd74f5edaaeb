"""JSON of other people: bounded before it is read, since a value of a few bytes takes a hundred in memory."""

import json
from pathlib import Path
from typing import Final

from app.errors import InvalidInput
from app.input_files import read_input

MAX_BYTES: Final = 64 * 2**20
MAX_VALUES: Final = 1_000_000
"""Of commas, colons and opening brackets: in a document of a million bytes there cannot be more."""
_SPLIT: Final = "Split it."


def has_too_many_values(body: bytes) -> bool:
    """Whether a document may have so many values that it would not fit into memory."""
    return len(body) > MAX_VALUES and sum(body.count(mark) for mark in (b",", b":", b"[", b"{")) > MAX_VALUES


def read_json(path: Path) -> object:
    """The value of a JSON file; a `.gz` or `.zst` is unpacked.

    Raises:
        InvalidInput: as `read_input`, it is empty or no JSON, or has more than a million values.
    """
    body = read_input(path, MAX_BYTES, _SPLIT)
    if not body.strip():
        raise InvalidInput(f"{path} is empty: it holds no value.")
    if has_too_many_values(body):
        raise InvalidInput(f"{path} has over {MAX_VALUES:,} values. {_SPLIT}")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise InvalidInput(f"{path}: is no JSON: {exc}.") from exc
