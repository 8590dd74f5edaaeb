"""The rows of the hop picture and of its table: flows of one asset, merged by wallet and hop.

Paths of one direction through the same wallet at the same hop are merged, separately for each category.
Paths that are not listed, and money of no category, are rows of their own: the rows that touch the wallet
add up to all it received, or sent.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import fsum
from typing import Literal

from app.answers.explanation import EvidenceItem, Explanation, PathTransfer
from app.answers.names import Flow
from app.domain import parse_points

StopKind = Literal[
    "wallet", "labelled", "more", "smaller_paths", "unobserved_origin", "still_held", "beyond_hop_limit"
]
MAX_STOPS_PER_COLUMN = 10
"""Wallets drawn in one column; the smaller ones are one stop together."""
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Stop:
    """One or several wallets, or a residual, `hop` transfers from the wallet of the picture.

    `name` is the address, the category of smaller paths, or empty; `label` names a labelled end.
    """

    kind: StopKind
    hop: int
    name: str = ""
    category: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class HopRow:
    """Money between a stop and the next one towards the wallet; `near` None is the wallet itself.

    `amount` is in base units, `share` of all the wallet received (source) or sent (destination).
    """

    direction: Flow
    far: Stop
    near: Stop | None
    category: str | None
    share: float
    amount: int
    transfers: tuple[PathTransfer, ...]


def assets_of(explanation: Explanation) -> list[str]:
    """The assets of a wallet's money, those with most points first, then by their paths and names."""
    points: Counter[str] = Counter()
    for path in explanation.paths:
        points[path.asset] += parse_points(path.points)
    names = {part.asset for part in explanation.exposures if part.asset is not None}
    names |= {residual.asset for residual in explanation.residuals}
    return sorted(names, key=lambda name: (-points[name], name))


def hop_rows(explanation: Explanation, asset: str) -> list[HopRow]:
    """The flows of one asset in both directions, farthest first, largest first."""
    rows: list[HopRow] = []
    directions: tuple[Flow, ...] = ("source", "destination")
    for direction in directions:
        paths = [p for p in explanation.paths if p.direction == direction and p.asset == asset]
        rows += sorted(
            [*_merged(direction, paths), *_rows_off_paths(explanation, direction, asset, paths)],
            key=lambda row: (-row.far.hop, -row.share, row.far.name),
        )
    return rows


def _merged(direction: Flow, paths: list[EvidenceItem]) -> Iterator[HopRow]:
    largest = _largest_wallets(direction, paths)
    shares: defaultdict[tuple[Stop, Stop | None, str], list[float]] = defaultdict(list)
    amounts: Counter[tuple[Stop, Stop | None, str]] = Counter()
    transfers: defaultdict[tuple[Stop, Stop | None, str], dict[tuple[str, int], PathTransfer]]
    transfers = defaultdict(dict)
    for path in paths:
        near: Stop | None = None
        for hop, step in enumerate(_outwards(direction, path.transfers), 1):
            address = _far_end(direction, step)
            far = _stop(path, hop, address, is_own_stop=address in largest[hop])
            key = far, near, path.category
            shares[key].append(path.share)
            amounts[key] += int(path.amount_carried)
            transfers[key][step.transaction_hash, step.transfer_index] = step
            near = far
    for key, parts in shares.items():
        far, near, category = key
        merged = tuple(transfers[key].values())
        yield HopRow(direction, far, near, category, fsum(parts), amounts[key], merged)


def _largest_wallets(direction: Flow, paths: Iterable[EvidenceItem]) -> defaultdict[int, set[str]]:
    """The addresses that most money goes through, by hop."""
    share_through: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for path in paths:
        for hop, step in enumerate(_outwards(direction, path.transfers), 1):
            share_through[hop][_far_end(direction, step)] += path.share  # type: ignore[assignment] # floats
    largest: defaultdict[int, set[str]] = defaultdict(set)
    for hop, shares in share_through.items():
        ranked = sorted(shares, key=lambda address: (-shares[address], address))
        stops = MAX_STOPS_PER_COLUMN if len(ranked) <= MAX_STOPS_PER_COLUMN else MAX_STOPS_PER_COLUMN - 1
        largest[hop] = set(ranked[:stops])
    return largest


def _stop(path: EvidenceItem, hop: int, address: str, *, is_own_stop: bool) -> Stop:
    is_end = hop == path.hop
    category = path.category if is_end else None
    if not is_own_stop:
        return Stop("more", hop, category=category)
    return Stop("labelled" if is_end else "wallet", hop, address, category, path.label if is_end else None)


def _rows_off_paths(
    explanation: Explanation, direction: Flow, asset: str, paths: list[EvidenceItem]
) -> Iterator[HopRow]:
    listed: defaultdict[tuple[str, int], list[EvidenceItem]] = defaultdict(list)
    for path in paths:
        listed[path.category, path.hop].append(path)
    for part in explanation.exposures:
        if (part.direction, part.asset) != (direction, asset) or part.amount is None:
            continue
        on_paths = listed[part.category, part.hop]
        share = part.share - fsum(path.share for path in on_paths)
        if share > ROUNDING * max(part.share, ROUNDING):
            amount = max(0, int(part.amount) - sum(int(path.amount_carried) for path in on_paths))
            stop = Stop("smaller_paths", part.hop, part.category, part.category)
            yield HopRow(direction, stop, None, part.category, share, amount, ())
    for residual in explanation.residuals:
        if (residual.direction, residual.asset) == (direction, asset):
            hop = residual.hop if residual.hop is not None else _limit(explanation) + 1
            stop = Stop(residual.kind, hop)
            yield HopRow(direction, stop, None, None, residual.share, int(residual.amount), ())


def _limit(explanation: Explanation) -> int:
    return explanation.run.hop_limit if explanation.run is not None else 0


def _outwards(direction: Flow, transfers: list[PathTransfer]) -> list[PathTransfer]:
    return transfers[::-1] if direction == "source" else transfers


def _far_end(direction: Flow, step: PathTransfer) -> str:
    return step.sender if direction == "source" else step.receiver
