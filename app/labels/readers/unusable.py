"""What a list says that becomes no label: counted by reason, and named with its line."""

from collections import Counter
from typing import Final, NamedTuple

from app.labels.readers.files import one_line

MAX_NAMED: Final = 10_000
"""Entries named; further ones are only counted."""
MAX_TEXT: Final = 200


class UnusableEntry(NamedTuple):
    """An entry that is no label: its file and line, and what stands there."""

    reason: str
    origin: str
    text: str


class Unusable(Counter[str]):
    """Counts unusable entries by reason and names them; `unreadable` says which files were not read."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[UnusableEntry] = []
        self.unreadable: list[str] = []


def skip(skipped: Counter[str], reason: str, origin: str, text: str) -> None:
    """Counts an entry that becomes no label, and names it where somebody asks for names."""
    skipped[reason] += 1
    if isinstance(skipped, Unusable) and len(skipped.entries) < MAX_NAMED:
        skipped.entries.append(UnusableEntry(reason, origin, one_line(text)[:MAX_TEXT]))
