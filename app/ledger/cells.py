"""The one codec of cells: the direction, column and hop that a share or points belong to.

The record names a cell by a code that fits a smallint, a pass by its number in a row (`CellLayout`). Nothing
outside this file calculates with codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

OWNERSHIP, SOURCE, DESTINATION = 0, 1, 2
DIRECTION_NAMES = ("ownership", "source", "destination")

RESIDUALS = ("unobserved_origin", "still_held", "beyond_hop_limit")
UNOBSERVED_ORIGIN, STILL_HELD, BEYOND_HOP_LIMIT = 0, 1, 2
"""The first columns of every run; the policy's categories are behind them."""

COLUMNS, HOPS = 682, 16
"""How many columns and hops a code tells apart: 3 directions * 682 * 16 = 32,736 codes."""


class Cell(NamedTuple):
    """`column` is a place in the run's `columns`; `beyond_hop_limit` has hop 0."""

    direction: int
    column: int
    hop: int


class Cells(NamedTuple):
    """Many cells, one array a field."""

    direction: NDArray[np.int64]
    column: NDArray[np.int64]
    hop: NDArray[np.int64]


def encode(cell: Cell) -> int:
    """The code of a cell, 0 to 32,735.

    Raises:
        ValueError: no code has such a direction, column or hop.
    """
    direction, column, hop = cell
    if not (OWNERSHIP <= direction <= DESTINATION and 0 <= column < COLUMNS and 0 <= hop < HOPS):
        raise ValueError(f"No code names the cell {tuple(cell)}.")
    return (direction * COLUMNS + column) * HOPS + hop


@cache
def decode(code: int) -> Cell:
    """The cell that a code names.

    Raises:
        ValueError: it names none.
    """
    rest, hop = divmod(code, HOPS)
    direction, column = divmod(rest, COLUMNS)
    if not OWNERSHIP <= direction <= DESTINATION:
        raise ValueError(f"{code} is no code of a cell.")
    return Cell(direction, column, hop)


def encode_all(cells: Cells) -> NDArray[np.int16]:
    """The codes of many cells; these are known to have one."""
    return ((cells.direction * COLUMNS + cells.column) * HOPS + cells.hop).astype(np.int16)


def decode_all(codes: NDArray[np.int16]) -> Cells:
    """The cells of many codes; these are known to name one."""
    rest, hop = np.divmod(codes.astype(np.int64), HOPS)
    return Cells(*np.divmod(rest, COLUMNS), hop)


def encode_earlier(cell: Cell, *, of_scores: bool) -> int:
    """The code that a cell had before migration 0007, of `risk_scores` or of `exposures`."""
    return cell.direction * 1024 * of_scores + cell.column * 8 + cell.hop


@dataclass(frozen=True)
class CellLayout:
    """The numbers of a direction's cells in a row of shares.

    Cell 0 is what is beyond the hop limit. Behind it are blocks of one cell a hop, from hop 0: one for the
    direction's other residual, then one for each category.

    Raises:
        ValueError: a code cannot name so many categories or hops.
    """

    categories: tuple[str, ...]
    hop_limit: int

    def __post_init__(self) -> None:
        encode(Cell(DESTINATION, len(self.columns) - 1, self.hop_limit))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of columns: the three residuals, then the categories."""
        return (*RESIDUALS, *self.categories)

    @property
    def width(self) -> int:
        """Cells in a row."""
        return 1 + (1 + len(self.categories)) * (1 + self.hop_limit)

    def residual(self, hop: int) -> int:
        """The cell of `unobserved_origin` (source) or `still_held` (destination)."""
        return 1 + hop

    def category(self, category: int, hop: int) -> int:
        """The cell of a category, by its place in `categories`."""
        return 1 + (1 + category) * (1 + self.hop_limit) + hop

    def narrowed(self, categories: Sequence[int]) -> tuple["CellLayout", NDArray[np.int16]]:
        """A layout of some of the categories, and the cell that each of its cells is in this one."""
        hops = range(1 + self.hop_limit)
        of_categories = [self.category(category, hop) for category in categories for hop in hops]
        cells = [0, *map(self.residual, hops), *of_categories]
        names = tuple(self.categories[category] for category in categories)
        return CellLayout(names, self.hop_limit), np.array(cells, np.int16)

    def codes(self, direction: int) -> NDArray[np.int16]:
        """The code of each cell of a row of that direction."""
        residual = UNOBSERVED_ORIGIN if direction == SOURCE else STILL_HELD
        column = np.array([residual, *range(len(RESIDUALS), len(self.columns))])
        beyond = encode(Cell(direction, BEYOND_HOP_LIMIT, 0))
        hop = np.tile(np.arange(1 + self.hop_limit), len(column))
        others = Cells(np.full(len(hop), direction), np.repeat(column, 1 + self.hop_limit), hop)
        return np.concatenate([np.array([beyond], np.int16), encode_all(others)])

    def onward(self, direction: int) -> NDArray[np.int16]:
        """The cell that the money of each cell is in after a step of 0 and of 1 hops (2 x width)."""
        stays = np.arange(self.width)
        moves = stays + 1
        moves[:: 1 + self.hop_limit] = 0  # the last hop of each block, and what is beyond the limit already
        if direction == DESTINATION:
            # What arrives with the last allowed transfer is beyond the limit, also if it rests there.
            moves[self.residual(self.hop_limit - 1)] = 0
        return np.stack([stays, moves]).astype(np.int16)
