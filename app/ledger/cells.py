"""The cells of a row of shares: one for each direction, category (or residual) and hop."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SOURCE, DESTINATION = 1, 2
"""Direction codes as stored; 0 is ownership."""
DIRECTION_NAMES = ("ownership", "source", "destination")

RESIDUALS = ("unobserved_origin", "still_held", "beyond_hop_limit")
UNOBSERVED_ORIGIN, STILL_HELD, BEYOND_HOP_LIMIT = 0, 1, 2


@dataclass(frozen=True)
class CellLayout:
    """Where a (column, hop) stands in a row of shares.

    `columns` are the three residuals followed by the policy's categories. A row has one cell for
    `beyond_hop_limit`, then for the other residual of the direction (`unobserved_origin` or
    `still_held`) and for each category one cell a hop: 1 + (1 + categories) * hop_limit cells.
    """

    categories: tuple[str, ...]
    hop_limit: int

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names; a column's number is its place here."""
        return (*RESIDUALS, *self.categories)

    @property
    def width(self) -> int:
        """Cells in a row."""
        return 1 + (1 + len(self.categories)) * self.hop_limit

    def residual(self, hop: int) -> int:
        """Cell of `unobserved_origin` (source) or `still_held` (destination) at that hop, from 1."""
        return hop

    def category(self, category: int, hop: int) -> int:
        """Cell of a category, by its place in `categories`, at that hop, from 1."""
        return (1 + category) * self.hop_limit + hop

    def codes(self, direction: int) -> NDArray[np.int16]:
        """The stored code, column * 8 + hop, of each cell of a row of that direction."""
        residual = UNOBSERVED_ORIGIN if direction == SOURCE else STILL_HELD
        codes = np.empty(self.width, np.int16)
        codes[0] = BEYOND_HOP_LIMIT * 8
        for column in (residual, *range(len(RESIDUALS), len(self.columns))):
            block = 0 if column == residual else column - len(RESIDUALS) + 1
            for hop in range(1, self.hop_limit + 1):
                codes[block * self.hop_limit + hop] = column * 8 + hop
        return codes
