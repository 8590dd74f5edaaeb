"""Rows of cells, one behind the other; few cells of a row are not 0."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SparseRows:
    """Row i has the filled cells from `starts[i]` up to `starts[i + 1]`, rising, each with its share."""

    starts: NDArray[np.int64]
    cell: NDArray[np.int16]
    share: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @classmethod
    def of(cls, matrix: NDArray[np.float64]) -> Self:
        """The rows of a matrix."""
        rows, cells = np.nonzero(matrix)
        counts = np.bincount(rows, minlength=len(matrix))
        return cls(starts_of(counts), cells.astype(np.int16), matrix[rows, cells])

    def matrix(self, width: int) -> NDArray[np.float64]:
        """All cells of all rows, for few of them."""
        filled = np.zeros((len(self), width))
        filled[self.rows(), self.cell] = self.share
        return filled

    def rows(self) -> NDArray[np.int64]:
        """The row of each share."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def between(self, begin: int, end: int) -> Self:
        """These rows alone, without copying their shares."""
        first, last = self.starts[begin], self.starts[end]
        return type(self)(self.starts[begin : end + 1] - first, self.cell[first:last], self.share[first:last])

    def take(self, rows: NDArray[np.int64]) -> Self:
        """These rows, in this order."""
        counts = np.diff(self.starts)[rows]
        starts = starts_of(counts)
        places = np.repeat(self.starts[rows] - starts[:-1], counts) + np.arange(starts[-1])
        return type(self)(starts, self.cell[places], self.share[places])

    def only(self, cells: NDArray[np.bool_]) -> Self:
        """The same rows with those of their cells alone that are marked."""
        marked = cells[self.cell]
        counts = np.bincount(self.rows()[marked], minlength=len(self))
        return type(self)(starts_of(counts), self.cell[marked], self.share[marked])

    def sums(self, cells: NDArray[np.bool_]) -> NDArray[np.float64]:
        """What each row has in the cells that are marked, added up from its first cell on."""
        marked = cells[self.cell]
        sums = np.bincount(self.rows()[marked], self.share[marked], minlength=len(self))
        return sums.astype(np.float64, copy=False)


def starts_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where rows of these lengths begin, and behind the last one where it ends."""
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts
