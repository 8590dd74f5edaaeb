"""Rows of results as lines of text, many at once: a row's columns, but those of its runs, between tabs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.runs.results.columns import Bytes, Places, TextColumn

NULL = r"\N"
EXPOSURE_COLUMNS = (
    "direction", "wallet_id", "asset_id", "total", "unobserved", "usd_value", "transfers",
    "unpriced_transfers", "cells", "shares",
)  # fmt: skip
SCORE_COLUMNS = (
    "wallet_id", "score", "ownership_score", "source_score", "destination_score", "direction",
    "risk_level", "band", "main_category", "rules", "flags", "weighting", "unpriced_transfers",
    "usd_received", "usd_sent", "source_coverage", "destination_coverage", "reason_transfer_id", "cells",
    "shares", "points",
)  # fmt: skip
BOARD_COLUMNS = ("facets", "level_rank", "crime_cents", "first_seen_seconds", "last_seen_seconds")
"""Of scores, stored beside their lines: what a list sorts and filters by. They are in no digest."""


@dataclass(frozen=True)
class Lines:
    """Some lines, one behind the other, and the keys of their rows: all of one direction, 0 for scores.

    `beside` has what is stored with each line and is not part of it, its columns with tabs between them.
    """

    direction: int
    wallet_id: NDArray[np.int64]
    asset_id: NDArray[np.int32]
    data: Bytes
    ends: Places
    beside: TextColumn | None = None

    def as_stored(self) -> "Lines":
        """The lines with what is stored beside them."""
        if self.beside is None:
            return self
        return Lines(self.direction, self.wallet_id, self.asset_id, *join([self.as_column(), self.beside]))

    def as_column(self) -> TextColumn:
        """The lines without their line ends."""
        return TextColumn(self.data, np.append(0, self.ends)[:-1], self.ends - 1)

    def hashes(self) -> NDArray[np.int64]:
        """One number a line: other lines have other numbers."""
        from app.ledger.line_kernels import hash_lines  # noqa: PLC0415 - loads a compiler

        hashes = np.empty(len(self.ends), np.int64)
        hash_lines(self.data, self.ends, hashes)
        return hashes


def join(columns: Sequence[TextColumn], arrays: Sequence[int] = ()) -> tuple[Bytes, Places]:
    """Lines out of columns, and where each ends; the columns at the places `arrays` get braces."""
    from app.ledger.line_kernels import join_columns  # noqa: PLC0415 - loads a compiler

    count = len(columns[0])
    bounds = np.empty((2, len(columns), count), np.int64)
    used, size = [], 0
    for number, column in enumerate(columns):
        low, high = (int(column.begin.min()), int(column.end.max())) if count else (0, 0)
        bounds[0, number] = column.begin + (size - low)
        bounds[1, number] = column.end + (size - low)
        used.append(column.data[low:high])
        size += high - low
    is_array = np.zeros(len(columns), np.bool_)
    is_array[list(arrays)] = True
    length = int((bounds[1] - bounds[0]).sum()) + count * (len(columns) + 2 * len(arrays))
    into, ends = np.empty(length, np.uint8), np.empty(count, np.int64)
    join_columns(np.concatenate(used), bounds, is_array, into, ends)
    return into, ends


def texts(blocks: Iterable[Lines]) -> Iterator[str]:
    """Each line, with its line end."""
    for block in blocks:
        for line in block.data.tobytes().decode().split("\n")[:-1]:
            yield f"{line}\n"


def array_text(items: Iterable[str]) -> str:
    """An array as lines write it, of items without commas, quotes and spaces."""
    return "{" + ",".join(items) + "}"
