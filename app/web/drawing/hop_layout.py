"""Where everything of the hop picture stands: paths above, column by column, then a lane for each rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from app.web.drawing.hop_rows import HopRow, Stop

FULL = 260.0
"""Height of a share of 1."""
THINNEST, SLOT, GAP, TOP = 1.5, 15.0, 7.0, 30.0


@dataclass(slots=True)
class Node:
    """A stop with its place; `far_used` and `near_used` are the heights already taken on its two sides."""

    stop: Stop
    y: float
    height: float
    share: float
    far_used: float = 0.0
    near_used: float = 0.0


def thickness(row: HopRow) -> float:
    """Width of a flow: its share, and never so thin that it cannot be seen."""
    return max(row.share * FULL, THINNEST)


def layout(rows: Sequence[HopRow]) -> dict[Stop, Node]:
    """Every stop of one direction with its place."""
    nodes: dict[Stop, Node] = {}
    on_paths = [row for row in rows if row.transfers]
    bottom = TOP
    by_hop = sorted({row.far for row in on_paths}, key=lambda stop: stop.hop)
    for hop, stops in groupby(by_hop, key=lambda stop: stop.hop):
        inward = {stop: [row for row in on_paths if row.far == stop] for stop in stops}
        y = TOP
        for stop in sorted(inward, key=lambda stop: _order(inward[stop], nodes, hop)):
            beyond = sum(thickness(row) for row in on_paths if row.near == stop)
            height = max(sum(map(thickness, inward[stop])), beyond)
            y = max(y, min((nodes[row.near].y for row in inward[stop] if row.near), default=TOP))
            nodes[stop] = Node(stop, y, height, sum(row.share for row in inward[stop]))
            y += max(height, SLOT) + GAP
        bottom = max(bottom, y)
    rests = [row for row in rows if not row.transfers]
    for row in sorted(rests, key=lambda row: (row.far.hop, -row.share)):
        nodes[row.far] = Node(row.far, bottom, thickness(row), row.share)
        bottom += max(thickness(row), SLOT) + GAP
    return nodes


def _order(rows: Sequence[HopRow], nodes: dict[Stop, Node], hop: int) -> tuple[float, float, str]:
    """Beside what it flows to; in the first column the largest on top."""
    weight = sum(row.share for row in rows)
    if hop == 1 or not weight:
        return -weight, 0.0, rows[0].far.name
    middle = sum(row.share * nodes[row.near].y for row in rows if row.near) / weight
    return middle, -weight, rows[0].far.name
