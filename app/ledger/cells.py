"""What both engines answer: shares by cell, and the layout of the cells."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.ledger.sparse import SparseRows

SOURCE, DESTINATION = 1, 2
"""Direction codes as stored; 0 is ownership."""
DIRECTION_NAMES = ("ownership", "source", "destination")

RESIDUALS = ("unobserved_origin", "still_held", "beyond_hop_limit")
UNOBSERVED_ORIGIN, STILL_HELD, BEYOND_HOP_LIMIT = 0, 1, 2

Progress = Callable[[str, float], None]
"""Called with the step's name and the part of it that is done (0..1)."""


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


@dataclass(frozen=True)
class DirectionShares:
    """One direction of every wallet.

    Rows of `shares`, each summing to 1, belong to (`wallet_id`, `asset_id`), one for each pool that received
    (source) or sent (destination) anything. Rows of `combined`, each summing to 1, belong to
    `priced_wallet_id`: every priced transfer's shares weighted by its own USD value, over all assets. Rows
    are sorted by wallet and asset.
    """

    wallet_id: NDArray[np.int64]
    asset_id: NDArray[np.int32]
    shares: SparseRows
    priced_wallet_id: NDArray[np.int64]
    combined: SparseRows


@dataclass(frozen=True)
class Exposures:
    """The answer of an engine: both directions of every wallet that has flow."""

    layout: CellLayout
    source: DirectionShares
    destination: DirectionShares
