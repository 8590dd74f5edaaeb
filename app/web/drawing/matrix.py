"""Exposure as tables that add up: shares by category and hop, and the residuals."""

from dataclasses import dataclass
from math import fsum

from app.answers.explanation import Explanation
from app.answers.names import Flow
from app.answers.scores import ExposureItem, Residual

_DIRECTIONS: tuple[Flow, ...] = ("source", "destination")


@dataclass(frozen=True, slots=True)
class Line:
    """One category or residual: its cells by hop (None where it has none), and their sum."""

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
    """The exposures and residuals of an asset, one table for each direction that has any."""
    hops = explanation.run.hop_limit if explanation.run is not None else 0
    tables = []
    for direction in _DIRECTIONS:
        cells: dict[tuple[bool, str], list[ExposureItem | Residual]] = {}
        for part in explanation.exposures:
            if (part.direction, part.asset) == (direction, asset):
                cells.setdefault((False, part.category), []).append(part)
        for residual in explanation.residuals:
            if (residual.direction, residual.asset) == (direction, asset):
                cells.setdefault((True, residual.kind), []).append(residual)
        if not cells:
            continue
        lines = [_line(name, parts, hops, is_residual=flag) for (flag, name), parts in cells.items()]
        lines.sort(key=lambda line: (line.is_residual, -line.share, line.name))
        decimals = next(iter(cells.values()))[0].decimals
        total = fsum(line.share for line in lines)
        amount = sum(line.amount for line in lines)
        tables.append(Matrix(asset, decimals, direction, hops, lines, total, amount))
    return tables


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
