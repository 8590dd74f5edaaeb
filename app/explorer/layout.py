"""Where the explorer puts wallets: columns by hop, rows nearest to the wallet that was expanded. Pure.

What is shown has its place and keeps it; only new wallets are given one.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import count

from pydantic import BaseModel, ConfigDict, Field

FARTHEST = 50
"""Columns to each side, and twice as many rows as wallets may be shown."""


class Place(BaseModel):
    """A cell of the explorer: column 0 is the first wallet's, negative columns are where money came from."""

    model_config = ConfigDict(frozen=True)
    column: int = Field(ge=-FARTHEST, le=FARTHEST)
    row: int = Field(ge=-2_000, le=2_000)


def places(beside: Place, step: int, taken: Collection[Place], wanted: int) -> Sequence[Place]:
    """So many free cells of the next column, those nearest to the row of `beside` first.

    Args:
        beside: the cell of the wallet that is expanded.
        step: -1 for the column before it, 1 for the one after it.
        taken: cells in which something is shown.
        wanted: how many.
    """
    column = beside.column + step
    full = {place.row for place in taken if place.column == column}
    free = (row for row in _outwards(beside.row) if row not in full)
    return [Place.model_construct(column=column, row=next(free)) for _ in range(wanted)]


def _outwards(row: int) -> Iterator[int]:
    """The row itself, then the rows below and above it, ever farther."""
    yield row
    for distance in count(1):
        yield row + distance
        yield row - distance
