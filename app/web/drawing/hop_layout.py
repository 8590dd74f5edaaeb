"""The layout of the hop picture: paths in columns by hop, and below them a lane for each other flow."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from app.web.drawing.hop_rows import HopRow, Stop

FULL = 260.0
"""Height of a share of 1."""
THINNEST, SLOT, GAP, TOP = 1.5, 15.0, 7.0, 30.0


@dataclass(slots=True)
class Node:
    """A stop with its position; flows occupy the heights `far_used` and `near_used` of its two sides."""

    stop: Stop
    y: float
    height: float
    share: float
    far_used: float = 0.0
    near_used: float = 0.0


def thickness(row: HopRow) -> float:
    """Thickness of a flow: in proportion to its share, and always visible."""
    return max(row.share * FULL, THINNEST)


def layout(rows: Sequence[HopRow]) -> dict[Stop, Node]:
    """Every stop of one direction with its position."""
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
    off_paths = [row for row in rows if not row.transfers]
    for row in sorted(off_paths, key=lambda row: (row.far.hop, -row.share)):
        nodes[row.far] = Node(row.far, bottom, thickness(row), row.share)
        bottom += max(thickness(row), SLOT) + GAP
    return nodes


def _order(rows: Sequence[HopRow], nodes: dict[Stop, Node], hop: int) -> tuple[float, float, str]:
    """At the height of the stops it flows to; in the first column the largest on top."""
    weight = sum(row.share for row in rows)
    if hop == 1 or not weight:
        return -weight, 0.0, rows[0].far.name
    middle = sum(row.share * nodes[row.near].y for row in rows if row.near) / weight
    return middle, -weight, rows[0].far.name
