"""Marks that turn the direction of the text around them: kept in the record, and not shown to people.

Letters that are written from right to left need no marks; a mark of a name would turn what stands beside it.
"""

from typing import Final

_MARKS: Final = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")


def without_direction_marks(text: str) -> str:
    """The text with a replacement character for each such mark."""
    return text.translate(_MARKS)
