"""Positions of wallets in the explorer: columns by hop, rows near the expanded wallet. Pure.

Wallets that are shown keep their positions; only new wallets get one.
"""

import itertools
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from pydantic import BaseModel, ConfigDict, Field

MAX_COLUMN = 50
"""Number of columns on each side."""
MAX_ROW = 2_000
"""Number of rows on each side: more than wallets may be shown."""


class Position(BaseModel):
    """A position in the explorer: column 0 is that of the first wallet, negative columns are of senders."""

    model_config = ConfigDict(frozen=True)
    column: int = Field(ge=-MAX_COLUMN, le=MAX_COLUMN)
    row: int = Field(ge=-MAX_ROW, le=MAX_ROW)


def free_places(
    origin: Position, step: int, occupied: Collection[Position], count: int
) -> Sequence[Position]:
    """Free positions of the next column, those nearest to the row of `origin` first.

    Args:
        origin: the position of the wallet that is expanded.
        step: -1 for the column before it, 1 for the one after it.
        occupied: the positions of all that is shown.
        count: the number of positions to return.
    """
    column = origin.column + step
    occupied_rows = {place.row for place in occupied if place.column == column}
    free_rows = (row for row in _outwards(origin.row) if row not in occupied_rows)
    return [Position.model_construct(column=column, row=row) for row in islice(free_rows, count)]


def _outwards(row: int) -> Iterator[int]:
    """The row itself, then the rows below and above it, with growing distance."""
    yield row
    for distance in itertools.count(1):
        yield row + distance
        yield row - distance
