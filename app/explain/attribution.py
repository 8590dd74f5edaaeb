"""What each listed path weighs in the score: pure arithmetic over stored contributions and paths."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor

from app.answers.scores import Flow
from app.policy.points import points_of

Cell = tuple[Flow, str, int]
"""Direction, category and hop."""

TOLERANCE = 1e-9
"""How far listed paths may pass a stored share: both are sums of doubles, by two engines."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A contribution as the run stored it: its share, and its points in millionths."""

    share: float
    points: int


NOTHING = Stored(0.0, 0)


@dataclass(frozen=True, slots=True)
class Attribution:
    """The points of each path, in the order given, and by direction what no listed path accounts for.

    `exceeded` names the cells whose paths carry more than the run found: the graph is not what it was.
    """

    points: list[int]
    not_listed: dict[Flow, Stored]
    exceeded: list[Cell]


def attribute(
    cells: Mapping[Cell, Stored], weights: Mapping[Cell, int], paths: Iterable[tuple[Cell, float]]
) -> Attribution:
    """Gives every path its part of its cell's points; with what is not listed they add up exactly.

    Args:
        cells: the stored contributions; a cell that is absent has no points.
        weights: millionths of a point for a share of 1, for every cell of the paths.
        paths: the cell of each and its share in the contributions' unit.
    """
    points: list[int] = []
    listed_share: dict[Cell, float] = defaultdict(float)
    listed_points: dict[Cell, int] = defaultdict(int)
    for cell, share in paths:
        left = cells.get(cell, NOTHING).points - listed_points[cell]
        # The shares of all paths may pass the stored one by a rounding; the sum of points must not.
        part = min(points_of(share, weights[cell]), left)
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
            if floor((share - TOLERANCE) * weights[cell]) > cells.get(cell, NOTHING).points
        ],
    )


def _not_listed(
    direction: Flow,
    cells: Mapping[Cell, Stored],
    listed_share: Mapping[Cell, float],
    listed_points: Mapping[Cell, int],
) -> Stored:
    own = [(cell, stored) for cell, stored in cells.items() if cell[0] == direction]
    return Stored(
        sum(_rest(stored.share, listed_share.get(cell, 0.0)) for cell, stored in own),
        sum(stored.points - listed_points.get(cell, 0) for cell, stored in own),
    )


def _rest(stored: float, listed: float) -> float:
    """The difference, or 0 where it is only rounding."""
    rest = stored - listed
    return rest if rest > TOLERANCE * stored else 0.0
