"""What the readers of label files share: their progress, and text that fits the record."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from app.domain import ByteProgress
from app.input_files import read_text_lines

MAX_TEXT_BYTES = 500
"""Longest name, source or category: longer ones do not fit the index that keeps labels unique."""


def files_with_progress(
    files: Iterable[Path], progress: ByteProgress | None
) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """Each file, with the function that reports how many of its bytes are read."""
    sizes = {file: _size(file) for file in files}
    total = sum(sizes.values())
    before = 0
    for file, size in sizes.items():
        yield file, _reporter(before, total, progress)
        before += size


def every_line(path: Path, progress: ByteProgress | None = None) -> Iterator[str]:
    """The lines of a text file, blank ones too: cells of a CSV may hold them, and messages count them.

    Raises:
        InvalidInput: as `read_text_lines`.
    """
    expected = 1
    for number, line in read_text_lines(path, progress):
        yield from ("\n" for _ in range(expected, number))
        yield line
        expected = number + 1


def one_line(text: str) -> str:
    """Text of a foreign file as one line of at most 500 bytes, without control characters."""
    if not text.isprintable():  # nearly every text is
        text = "".join(char if char.isprintable() else " " for char in text)
    plain = " ".join(text.split())
    if len(plain.encode()) <= MAX_TEXT_BYTES:
        return plain
    return plain.encode()[: MAX_TEXT_BYTES - 3].decode(errors="ignore") + "…"


def _size(file: Path) -> int:
    """Its bytes; 0 of one that is not there, which is told when it is read."""
    try:
        return file.stat().st_size
    except (OSError, ValueError):
        return 0


def _reporter(before: int, total: int, progress: ByteProgress | None) -> Callable[[int], None]:
    return lambda count: None if progress is None else progress(before + count, total)
