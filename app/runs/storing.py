"""Stores the results of a run."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from sqlalchemy import Connection

from app.runs.columns import text_column
from app.runs.lines import Lines, join
from app.runs.results import EXPOSURE_COLUMNS, SCORE_COLUMNS
from app.stores.copy_writer import copy_bytes


class Hash(Protocol):
    """A digest of hashlib that grows."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Adds some more bytes."""


def store_exposures(connection: Connection, run_id: int, lines: Iterable[Lines], digest: Hash) -> None:
    """Writes the rows of `exposure_lines`, which also go into the digest."""
    copy_bytes(connection, "exposures", ("run_id", *EXPOSURE_COLUMNS), _numbered(run_id, lines, digest))


def store_scores(connection: Connection, run_id: int, lines: Iterable[Lines], digest: Hash) -> None:
    """Writes the rows of `score_lines`, which also go into the digest."""
    copy_bytes(connection, "risk_scores", ("run_id", *SCORE_COLUMNS), _numbered(run_id, lines, digest))


def _numbered(run_id: int, blocks: Iterable[Lines], digest: Hash) -> Iterator[bytes]:
    """Some lines at a time, each with the run's id before it; the digest is of lines without."""
    for block in blocks:
        digest.update(block.data.data)
        number = text_column([str(run_id)]).repeated(len(block.ends))
        yield join([number, block.as_column()])[0].tobytes()
