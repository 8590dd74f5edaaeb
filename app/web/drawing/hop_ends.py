"""The ends of the hop picture as bars, for screens that are too narrow for its columns. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.answers.names import Flow
from app.answers.scores import RESIDUAL_NAMES
from app.web.drawing.hop_rows import HopRow, Stop
from app.web.numbers import words


@dataclass(frozen=True, slots=True)
class HopEnd:
    """Where a part of the money begins or ends; `address` None is no single wallet.

    `share` is of all the wallet received (source) or sent (destination), `amount` in base units.
    """

    direction: Flow
    name: str
    address: str | None
    category: str | None
    hop: int
    share: float
    amount: int


def hop_ends(rows: Sequence[HopRow], direction: Flow) -> list[HopEnd]:
    """The ends of one direction, largest first: their shares sum to 1 as those of the picture do."""
    ends: dict[Stop, HopEnd] = {}
    for row in rows:
        stop = row.far
        if row.direction != direction or stop.kind == "wallet" or (stop.kind == "more" and not stop.category):
            continue  # money passes through these
        before = ends.get(stop)
        ends[stop] = HopEnd(
            direction=direction,
            name=_name(stop),
            address=stop.name if stop.kind == "labelled" else None,
            category=row.category,
            hop=stop.hop,
            share=row.share + (before.share if before else 0.0),
            amount=row.amount + (before.amount if before else 0),
        )
    return sorted(ends.values(), key=lambda end: (-end.share, end.hop, end.name))


def _name(stop: Stop) -> str:
    if stop.kind == "labelled":
        return stop.label or words(stop.category or "")
    if stop.kind == "more":
        return f"more {words(stop.category or '')}"
    if stop.kind == "smaller_paths":
        return f"{words(stop.name)}, smaller paths"
    return RESIDUAL_NAMES[stop.kind]
