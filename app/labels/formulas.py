"""Text of other people in CSV files: what a spreadsheet would run as a formula gets an apostrophe."""

from typing import Final
from unicodedata import normalize

_FORMULA: Final = ("=", "+", "-", "@")
_MARK: Final = "'"


def guarded(text: str) -> str:
    """The text for a cell: with an apostrophe where a spreadsheet would take it for a formula."""
    return f"{_MARK}{text}" if _looks_like_one(text.lstrip(_MARK)) else text


def unguarded(text: str) -> str:
    """The text of a cell that `guarded` wrote; any other is left as it is."""
    return text[1:] if text.startswith(_MARK) and _looks_like_one(text.lstrip(_MARK)) else text


def _looks_like_one(text: str) -> bool:
    """Spreadsheets also take the wide forms of the characters that begin a formula, behind blanks."""
    return normalize("NFKC", text).lstrip().startswith(_FORMULA)
