"""Lines of a file, plain or gzip, with their numbers; reports damaged files."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from app.domain import ByteProgress
from app.errors import InvalidInput

MAX_LINE_BYTES = 16 * 2**20
"""An ethereum-etl line holds a contract's whole input; a longer line is of no file that is read here."""
_LINES_PER_CALL = 1_000


def read_lines(path: Path, progress: ByteProgress | None = None) -> Iterator[tuple[int, bytes]]:
    """Line number (from 1) and bytes, without its line end, of each line that is not blank.

    Raises:
        InvalidInput: the file cannot be opened, is a damaged gzip, or has an endless line.
    """
    try:
        with path.open("rb") as file:
            total = path.stat().st_size
            plain = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
            number = 0
            while line := plain.readline(MAX_LINE_BYTES):
                number += 1
                if len(line) == MAX_LINE_BYTES:
                    raise InvalidInput(f"{path}, line {number}: is longer than {MAX_LINE_BYTES} bytes.")
                if progress is not None and number % _LINES_PER_CALL == 0:
                    progress(file.tell(), total)
                if stripped := line.strip():
                    yield number, stripped
            if progress is not None:
                progress(total, total)
    except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
        raise InvalidInput(f"{path} is a damaged gzip file: {exc}.") from exc
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be read: {exc.strerror or exc}.") from exc
