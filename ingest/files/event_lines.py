"""The product's own events, one JSON a line, checked (docs/event.md)."""

from collections.abc import Iterator
from pathlib import Path

from app.domain import ByteProgress, Retraction, Transfer
from app.errors import InvalidEvent, InvalidInput
from app.input_files import read_lines
from ingest.contract.transfer import decode


def read_events(path: Path, progress: ByteProgress | None = None) -> Iterator[Transfer | Retraction]:
    """The transfers and retractions of an event file, plain or packed.

    Raises:
        InvalidInput: the file cannot be read, or a line breaks the contract; names the line.
    """
    for number, line in read_lines(path, progress):
        try:
            yield decode(line)
        except InvalidEvent as exc:
            raise InvalidInput(f"{path}, line {number}: {exc}") from exc
