"""The points of each listed path: pure arithmetic over stored contributions and paths."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor

from app.answers.names import Flow
from app.policy.points import points_of

Cell = tuple[Flow, str, int]
"""Direction, column (`app.policy.columns`) and hop."""

TOLERANCE = 1e-9
"""How much the listed paths may exceed a stored share: both are sums of doubles, by two engines."""


@dataclass(frozen=True, slots=True)
class SharePoints:
    """A share, and its points in millionths."""

    share: float
    points: int


NO_POINTS = SharePoints(0.0, 0)


@dataclass(frozen=True, slots=True)
class Attribution:
    """The points of each path, in the order of the paths, and by direction the rest that is not listed.

    `exceeded` names the cells whose paths carry more than the run stored: graph and record differ.
    """

    points: list[int]
    not_listed: dict[Flow, SharePoints]
    exceeded: list[Cell]


def attribute(
    cells: Mapping[Cell, SharePoints], weights: Mapping[Cell, int], paths: Iterable[tuple[Cell, float]]
) -> Attribution:
    """Splits the points of each cell among its paths; with the rest that is not listed they add up exactly.

    Args:
        cells: the stored contributions; an absent cell has no points.
        weights: millionths of a point of a share of 1, for every cell of the paths.
        paths: the cell of each path and its share, in the unit of the contributions.
    """
    points: list[int] = []
    listed_share: dict[Cell, float] = defaultdict(float)
    listed_points: dict[Cell, int] = defaultdict(int)
    for cell, share in paths:
        remaining = cells.get(cell, NO_POINTS).points - listed_points[cell]
        # The shares of all paths may exceed the stored one by a rounding; the sum of points must not.
        part = min(points_of(share, weights[cell]), remaining)
        points.append(part)
        listed_share[cell] += share
        listed_points[cell] += part
    return Attribution(
        points,
        {
            "source": _not_listed("source", cells, listed_share, listed_points),
            "destination": _not_listed("destination", cells, listed_share, listed_points),
        },
        [
            cell
            for cell, share in listed_share.items()
            # Rounded down alone, so that a run whose points were rounded like that exceeds nothing either.
            if floor((share - TOLERANCE) * weights[cell]) > cells.get(cell, NO_POINTS).points
        ],
    )


def _not_listed(
    direction: Flow,
    cells: Mapping[Cell, SharePoints],
    listed_share: Mapping[Cell, float],
    listed_points: Mapping[Cell, int],
) -> SharePoints:
    in_direction = [(cell, part) for cell, part in cells.items() if cell[0] == direction]
    return SharePoints(
        sum(_not_listed_share(part.share, listed_share.get(cell, 0.0)) for cell, part in in_direction),
        sum(part.points - listed_points.get(cell, 0) for cell, part in in_direction),
    )


def _not_listed_share(stored: float, listed: float) -> float:
    """The difference, or 0 where it is only rounding."""
    difference = stored - listed
    return difference if difference > TOLERANCE * stored else 0.0
