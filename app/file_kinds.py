"""Files that are no text in UTF-8, told by their beginning, and how the cells of a table are separated."""

from collections import Counter
from pathlib import Path
from typing import Final

from app.errors import InvalidInput

_PACKED: Final = (
    (b"PK\x03\x04", "zip, or is a spreadsheet"),
    (b"\xfd7zXZ", "xz"),
    (b"BZh", "bzip2"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip and not named .gz"),
    (b"\x28\xb5\x2f\xfd", "zstandard and not named .zst"),
)
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
MARK: Final = b"\xef\xbb\xbf"
"""Of UTF-8, as spreadsheets write it before the text."""
DELIMITERS: Final = ",;\t"
SAVE_AS_UTF8: Final = "Save it as CSV in UTF-8"


def refuse_packed(path: Path, beginning: bytes) -> None:
    """Refuses a file that is packed otherwise than its name says.

    Raises:
        InvalidInput: it is; the message says how.
    """
    if packed := next((name for mark, name in _PACKED if beginning.startswith(mark)), None):
        raise InvalidInput(
            f"{path} is packed as {packed}: unpack it first; .gz and .zst are read as they are."
        )


def refuse_no_text(path: Path, first_line: bytes) -> None:
    """Refuses a file whose first line is not of UTF-8 text with usual line ends.

    Raises:
        InvalidInput: it is not; the message says what it is, and what to do.
    """
    refuse_packed(path, first_line)
    if first_line.startswith(_UTF_16) or b"\0" in first_line:
        raise InvalidInput(
            f"{path} is UTF-16, as a spreadsheet writes Unicode text, or no text. {SAVE_AS_UTF8}."
        )
    if b"\r" in first_line.rstrip(b"\r\n"):
        raise InvalidInput(f"{path} ends its lines with CR alone. {SAVE_AS_UTF8}, with usual line ends.")


def delimiter_of(header: str) -> str:
    """What separates the cells: of the marks that stand outside quotation marks the most frequent one."""
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def is_delimiter_line(line: str) -> bool:
    """Whether it is a spreadsheet's own line, which says what separates the cells of those below."""
    return line.lower().lstrip("\ufeff").startswith("sep=")


def refuse_repeated(path: Path, line: int, header: list[str]) -> None:
    """Refuses a header that names a column twice: which of them is meant cannot be known.

    Raises:
        InvalidInput: it does.
    """
    repeated = sorted(name for name, count in Counter(header).items() if name and count > 1)
    if repeated:
        raise InvalidInput(
            f"{path}, line {line}: the header has several columns {', '.join(repeated)}. Leave one of each."
        )


def is_left_over(path: Path) -> bool:
    """Whether a system or a spreadsheet has left it beside the files: nobody means to import it."""
    return path.name.startswith(("._", "~$", ".~lock."))
