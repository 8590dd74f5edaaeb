"""The hop picture of a report as numbers: for each distance the parts of the money, of one asset."""

from typing import Any

from app.answers.explanation import Explanation
from app.answers.scores import RESIDUAL_NAMES, ExposureItem, Residual

_SHOWN = 0.0005
"""A smaller part is thinner than a line."""


def hop_columns(explanation: Explanation) -> dict[str, Any] | None:
    """The asset that weighs most, and its columns: sources from far to near, destinations from near to far.

    A column has the parts (label, share, whether a category) at one distance; hop null is beyond the limit.
    None where no money moved.
    """
    asset = _heaviest(explanation)
    if asset is None:
        return None
    columns: dict[tuple[str, int | None], list[dict[str, Any]]] = {}
    for item in _money(explanation):
        if item.asset != asset or item.share < _SHOWN or item.direction == "ownership":
            continue
        is_exposure = isinstance(item, ExposureItem)
        label = item.category if isinstance(item, ExposureItem) else RESIDUAL_NAMES[item.kind]
        columns.setdefault((item.direction, item.hop), []).append(
            {"label": label.replace("_", " "), "share": item.share, "is_category": is_exposure}
        )
    return {
        "asset": asset,
        "sources": _in_order(columns, "source", reverse=True),
        "destinations": _in_order(columns, "destination", reverse=False),
    }


def _money(explanation: Explanation) -> list[ExposureItem | Residual]:
    return [*explanation.exposures, *explanation.residuals]


def _heaviest(explanation: Explanation) -> str | None:
    """By value, then by how many parts its money has, then by name."""
    worth: dict[str, tuple[float, int]] = {}
    for item in _money(explanation):
        if item.asset is not None:
            usd = float(item.usd_value or 0) if isinstance(item, ExposureItem) else 0.0
            before = worth.get(item.asset, (0.0, 0))
            worth[item.asset] = before[0] + usd, before[1] + 1
    return min(worth, key=lambda asset: (-worth[asset][0], -worth[asset][1], asset), default=None)


def _in_order(
    columns: dict[tuple[str, int | None], list[dict[str, Any]]], direction: str, *, reverse: bool
) -> list[dict[str, Any]]:
    hops = [hop for of_direction, hop in columns if of_direction == direction]
    far_last = sorted(hops, key=lambda hop: (hop is None, hop or 0), reverse=reverse)
    return [
        {"hop": hop, "parts": sorted(columns[direction, hop], key=lambda part: -part["share"])}
        for hop in far_last
    ]
