"""What the hop picture and the table beside it show: the money of one asset, merged by wallet and hop.

Paths of one direction that run through the same wallet at the same distance become one flow, split only by
the category they lead to. What no listed path shows, and what no category explains, are flows of their own,
so the flows that touch the wallet add up to all it received, or sent.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import fsum
from typing import Literal

from app.answers.explanation import EvidenceItem, Explanation, PathTransfer
from app.answers.scores import Flow

Kind = Literal[
    "wallet", "labelled", "more", "smaller_paths", "unobserved_origin", "still_held", "beyond_hop_limit"
]
STOPS_A_COLUMN = 10
"""Wallets drawn in one column; the smaller ones become one stop."""
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Stop:
    """A place in the picture, `hop` transfers from the wallet: a wallet, several smaller ones, or a rest.

    `name` is the address, the category of smaller paths, or empty; `label` names a labelled end.
    """

    kind: Kind
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
        points[path.asset] += int(path.points.replace(".", ""))
    names = {part.asset for part in explanation.exposures if part.asset is not None}
    names |= {rest.asset for rest in explanation.residuals}
    return sorted(names, key=lambda name: (-points[name], name))


def hop_rows(explanation: Explanation, asset: str) -> list[HopRow]:
    """The flows of one asset in both directions, farthest first, largest first."""
    rows: list[HopRow] = []
    directions: tuple[Flow, ...] = ("source", "destination")
    for direction in directions:
        paths = [p for p in explanation.paths if p.direction == direction and p.asset == asset]
        rows += sorted(
            [*_merged(direction, paths), *_rests(explanation, direction, asset, paths)],
            key=lambda row: (-row.far.hop, -row.share, row.far.name),
        )
    return rows


def _merged(direction: Flow, paths: list[EvidenceItem]) -> Iterator[HopRow]:
    shown = _shown_wallets(direction, paths)
    shares: defaultdict[tuple[Stop, Stop | None, str], list[float]] = defaultdict(list)
    amounts: Counter[tuple[Stop, Stop | None, str]] = Counter()
    transfers: defaultdict[tuple[Stop, Stop | None, str], dict[tuple[str, int], PathTransfer]]
    transfers = defaultdict(dict)
    for path in paths:
        near: Stop | None = None
        for hop, step in enumerate(_outwards(direction, path.transfers), 1):
            address = _far_end(direction, step)
            far = _stop(path, hop, address, is_shown=address in shown[hop])
            key = far, near, path.category
            shares[key].append(path.share)
            amounts[key] += int(path.amount_carried)
            transfers[key][step.transaction_hash, step.transfer_index] = step
            near = far
    for key, parts in shares.items():
        far, near, category = key
        merged = tuple(transfers[key].values())
        yield HopRow(direction, far, near, category, fsum(parts), amounts[key], merged)


def _shown_wallets(direction: Flow, paths: Iterable[EvidenceItem]) -> defaultdict[int, set[str]]:
    """By hop, the addresses that most goes through."""
    through: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for path in paths:
        for hop, step in enumerate(_outwards(direction, path.transfers), 1):
            through[hop][_far_end(direction, step)] += path.share  # type: ignore[assignment] # a Counter of floats
    shown: defaultdict[int, set[str]] = defaultdict(set)
    for hop, carried in through.items():
        ranked = sorted(carried, key=lambda address: (-carried[address], address))
        shown[hop] = set(ranked if len(ranked) <= STOPS_A_COLUMN else ranked[: STOPS_A_COLUMN - 1])
    return shown


def _stop(path: EvidenceItem, hop: int, address: str, *, is_shown: bool) -> Stop:
    is_end = hop == path.hop
    category = path.category if is_end else None
    if not is_shown:
        return Stop("more", hop, category=category)
    return Stop("labelled" if is_end else "wallet", hop, address, category, path.label if is_end else None)


def _rests(
    explanation: Explanation, direction: Flow, asset: str, paths: list[EvidenceItem]
) -> Iterator[HopRow]:
    listed: defaultdict[tuple[str, int], list[EvidenceItem]] = defaultdict(list)
    for path in paths:
        listed[path.category, path.hop].append(path)
    for part in explanation.exposures:
        if (part.direction, part.asset) != (direction, asset) or part.amount is None:
            continue
        known = listed[part.category, part.hop]
        share = part.share - fsum(path.share for path in known)
        if share > ROUNDING * max(part.share, ROUNDING):
            amount = max(0, int(part.amount) - sum(int(path.amount_carried) for path in known))
            stop = Stop("smaller_paths", part.hop, part.category, part.category)
            yield HopRow(direction, stop, None, part.category, share, amount, ())
    for rest in explanation.residuals:
        if (rest.direction, rest.asset) == (direction, asset):
            hop = rest.hop if rest.hop is not None else _limit(explanation) + 1
            yield HopRow(direction, Stop(rest.kind, hop), None, None, rest.share, int(rest.amount), ())


def _limit(explanation: Explanation) -> int:
    return explanation.run.hop_limit if explanation.run is not None else 0


def _outwards(direction: Flow, transfers: list[PathTransfer]) -> list[PathTransfer]:
    return transfers[::-1] if direction == "source" else transfers


def _far_end(direction: Flow, step: PathTransfer) -> str:
    return step.sender if direction == "source" else step.receiver
