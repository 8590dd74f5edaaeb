"""The one way to open a file that somebody gives us: a regular file, of bounded size, in bounded lines."""

import csv
import errno
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

import zstandard
from typing_extensions import Buffer

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.file_kinds import SAVE_AS_UTF8, refuse_no_text, refuse_packed
from app.zstd_file import ZstdFile

MAX_LINE_BYTES: Final = 16 * 2**20
"""An ethereum-etl line holds a contract's whole input; a longer line is of no file that is read here."""
MAX_TEXT_LINE_BYTES: Final = 2**20
"""Of a label file."""
MAX_BLANK_LINES: Final = 100_000
"""One after another: a file of nothing else takes minutes to read and holds nothing."""
MAX_EXPANSION: Final = 250
"""How many times its size a packed file may become; exports become 5 to 30 times as large."""
FREE_EXPANSION_BYTES: Final = 64 * 2**20
"""What any packed file may become."""
_BUFFER_BYTES: Final = 2**17
PACKED_SUFFIXES: Final = (".gz", ".zst")
_MARK_BYTES: Final = 8
_OWN_MARKS: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
_DAMAGED: Final = (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError)

# The limit is of the process. Lines are bounded already, so one cell may be as long as a line.
csv.field_size_limit(MAX_LINE_BYTES)


@contextmanager
def open_input(path: Path) -> Iterator[BinaryIO]:
    """Opens a regular file for reading bytes; of anything else nothing is read.

    Raises:
        InvalidInput: it cannot be opened, or is a folder, a device, a pipe or a socket.
    """
    try:
        # Without waiting: to open a pipe that nobody writes to would not return.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as exc:
        raise InvalidInput(f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}.") from exc
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidInput(f"{path} is no file: it is a folder, a device, a pipe or a socket.")
    with io.BufferedReader(_RegularFile(descriptor, "rb"), _BUFFER_BYTES) as file:
        try:
            yield file
        except OSError as exc:
            raise InvalidInput(f"{path} cannot be read: {exc.strerror or exc}.") from exc


class _RegularFile(io.FileIO):
    """A file that always has bytes or ends: one of the system's that would be waited for has neither."""

    def readinto(self, buffer: Buffer, /) -> int:
        count = cast("int | None", super().readinto(buffer))
        if count is None:
            raise BlockingIOError(errno.EAGAIN, "nothing to read is there")
        return count


def read_input(path: Path, max_bytes: int, when_larger: str) -> bytes:
    """A whole file; a `.gz` or `.zst` is unpacked.

    Raises:
        InvalidInput: as `open_input`, it is packed otherwise or damaged, or it has more than `max_bytes`;
            `when_larger` says what to do then.
    """
    with open_input(path) as file:
        try:
            body = _unpacked(file, path).read(max_bytes + 1)
        except _DAMAGED as exc:
            raise InvalidInput(f"{path} is a damaged packed file: {exc}.") from exc
    refuse_packed(path, body)
    if len(body) > max_bytes:
        raise InvalidInput(f"{path}: larger than {max_bytes} bytes. {when_larger}")
    return body


def read_lines(path: Path, report: ByteProgress | None = None) -> Iterator[tuple[int, bytes]]:
    """Number (from 1) and bytes, without blanks around them, of each line that is not blank.

    A `.gz` or `.zst` is unpacked.

    `report` is called now and then with the bytes of the file that are read, and their total.

    Raises:
        InvalidInput: as `open_input`; a damaged `.gz` or `.zst`, or one that becomes too large; an endless
            line, or nothing but blank ones.
    """
    for number, line in _whole_lines(path, report, MAX_LINE_BYTES):
        yield number, line.strip()


def read_text_lines(path: Path, report: ByteProgress | None = None) -> Iterator[tuple[int, str]]:
    """As `read_lines`, whole lines of UTF-8 text with or without a byte order mark, of 1 MiB at most.

    Raises:
        InvalidInput: as `read_lines`, or a line is not UTF-8.
    """
    for number, line in _whole_lines(path, report, MAX_TEXT_LINE_BYTES):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as exc:
            raise InvalidInput(
                f"{path}:{number}: cannot be read as UTF-8 text: {exc}. {SAVE_AS_UTF8}."
            ) from exc
        yield number, text


def _whole_lines(path: Path, report: ByteProgress | None, max_line_bytes: int) -> Iterator[tuple[int, bytes]]:
    with open_input(path) as file:
        total = os.fstat(file.fileno()).st_size
        plain = _unpacked(file, path)
        most = FREE_EXPANSION_BYTES + MAX_EXPANSION * total
        number = read = blank = 0
        try:
            refuse_no_text(path, cast("io.BufferedReader", plain).peek(_BUFFER_BYTES).partition(b"\n")[0])
            while line := plain.readline(max_line_bytes):
                number += 1
                read += len(line)
                if len(line) == max_line_bytes:
                    raise InvalidInput(f"{path}, line {number}: is longer than {max_line_bytes} bytes.")
                if read > most:
                    raise InvalidInput(
                        f"{path} unpacks to over {MAX_EXPANSION} times its size. Unpack it first."
                    )
                if report is not None and number % 1_000 == 0:
                    report(file.tell(), total)
                blank = 0 if line.strip() else blank + 1
                if blank > MAX_BLANK_LINES:
                    raise InvalidInput(f"{path}, line {number}: there are only blank lines.")
                if not blank:
                    yield number, line
        except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
            raise InvalidInput(f"{path} is a damaged gzip file: {exc}.") from exc
        except zstandard.ZstdError as exc:
            raise InvalidInput(f"{path} is a damaged zstd file: {exc}.") from exc
        if report is not None:
            report(total, total)


def _unpacked(file: BinaryIO, path: Path) -> BinaryIO:
    if path.suffix in PACKED_SUFFIXES:
        beginning = cast("io.BufferedReader", file).peek(_MARK_BYTES)[:_MARK_BYTES]
        if not beginning.startswith(_OWN_MARKS):
            refuse_packed(path, beginning)
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    if path.suffix == ".zst":
        return cast("BinaryIO", io.BufferedReader(ZstdFile(file)))
    return file
