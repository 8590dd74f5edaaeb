"""The columns of exposures: a category, and where it matters when it was listed and how firm its label is.

A run has a column for each category, and others only where some label needs them. Their names are
`sanctioned`, `sanctioned@before` (`while`, `after`) and `scam@weak`.
"""

from functools import lru_cache
from typing import NamedTuple

from app.domain import ListingPeriod

PERIODS: tuple[ListingPeriod, ...] = ("before", "while", "after")
"""In the order of time; `unknown` is the period of a label without dates."""
_WEAK = "weak"


class ExposureColumn(NamedTuple):
    """What money of a labelled wallet is called: by its category, when it moved, and the label's firmness."""

    category: str
    period: ListingPeriod = "unknown"
    firm: bool = True

    @property
    def name(self) -> str:
        """The column's name in a run's `columns`."""
        if not self.firm:
            return f"{self.category}@{_WEAK}"
        return self.category if self.period == "unknown" else f"{self.category}@{self.period}"


def place_of(column: ExposureColumn) -> tuple[str, bool, int]:
    """What columns are sorted by: the periods of a category follow each other in the order of time."""
    return column.category, column.firm, (*PERIODS, "unknown").index(column.period)


@lru_cache(maxsize=4096)
def column_of(name: str) -> ExposureColumn:
    """The column of that name; one of a residual is its name alone."""
    category, _, kind = name.partition("@")
    if kind == _WEAK:
        return ExposureColumn(category, firm=False)
    return ExposureColumn(category, next((period for period in PERIODS if period == kind), "unknown"))
