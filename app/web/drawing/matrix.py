"""Exposure as a table that adds up: what came from (or went to) each category, hop by hop, and the rests."""

from dataclasses import dataclass
from math import fsum

from app.answers.explanation import Explanation
from app.answers.scores import ExposureItem, Flow, Residual

_DIRECTIONS: tuple[Flow, ...] = ("source", "destination")


@dataclass(frozen=True, slots=True)
class Line:
    """One category or residual: its cells by hop (None where nothing is), and their sum."""

    name: str
    is_residual: bool
    by_hop: list[ExposureItem | Residual | None]
    beyond: Residual | None
    share: float
    amount: int
    usd_value: str | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """One asset in one direction; its lines' shares sum to 1."""

    asset: str
    decimals: int | None
    direction: Flow
    hops: int
    lines: list[Line]
    share: float
    amount: int


def matrices(explanation: Explanation, asset: str) -> list[Matrix]:
    """The exposures and residuals of an asset, a table a direction that has any."""
    hops = explanation.run.hop_limit if explanation.run is not None else 0
    found = []
    for direction in _DIRECTIONS:
        cells: dict[tuple[bool, str], list[ExposureItem | Residual]] = {}
        for part in explanation.exposures:
            if (part.direction, part.asset) == (direction, asset):
                cells.setdefault((False, part.category), []).append(part)
        for rest in explanation.residuals:
            if (rest.direction, rest.asset) == (direction, asset):
                cells.setdefault((True, rest.kind), []).append(rest)
        if not cells:
            continue
        lines = [_line(name, parts, hops, is_residual=residual) for (residual, name), parts in cells.items()]
        lines.sort(key=lambda line: (line.is_residual, -line.share, line.name))
        some = next(iter(cells.values()))[0]
        total = fsum(line.share for line in lines)
        amount = sum(line.amount for line in lines)
        found.append(Matrix(asset, some.decimals, direction, hops, lines, total, amount))
    return found


def _line(name: str, parts: list[ExposureItem | Residual], hops: int, *, is_residual: bool) -> Line:
    by_hop: list[ExposureItem | Residual | None] = [None] * hops
    beyond: Residual | None = None
    for part in parts:
        if part.hop is None:
            beyond = part if isinstance(part, Residual) else None
        else:
            by_hop[part.hop - 1] = part
    priced = [part.usd_value for part in parts if isinstance(part, ExposureItem) and part.usd_value]
    return Line(
        name,
        is_residual,
        by_hop,
        beyond,
        fsum(part.share for part in parts),
        sum(int(part.amount or 0) for part in parts),
        f"{sum(map(float, priced)):.2f}" if priced else None,
    )
