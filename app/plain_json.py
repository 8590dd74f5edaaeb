"""Whole JSON files of other people: bounded before they are read, since small values take much memory."""

import json
from pathlib import Path
from typing import Final

from app.errors import InvalidInput
from app.input_files import read_input

MAX_BYTES: Final = 64 * 2**20
MAX_VALUES: Final = 1_000_000
"""Of commas, colons and opening brackets: a value of a few bytes takes a hundred in memory."""
_SPLIT: Final = "Split it."


def read_json(path: Path) -> object:
    """The value of a JSON file; a `.gz` or `.zst` is unpacked.

    Raises:
        InvalidInput: as `read_input`, it is empty or no JSON, or has more than a million values.
    """
    body = read_input(path, MAX_BYTES, _SPLIT)
    if not body.strip():
        raise InvalidInput(f"{path} is empty: it holds no value.")
    if sum(body.count(mark) for mark in (b",", b":", b"[", b"{")) > MAX_VALUES:
        raise InvalidInput(f"{path} has over {MAX_VALUES:,} values. {_SPLIT}")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise InvalidInput(f"{path}: is no JSON: {exc}.") from exc
