"""The paths behind one wallet's exposure: which transfers brought or took how much, to the transfer.

The paths are followed hop by hop. A variable-length pattern answers the same question, but touches every
transfer of a hub once for each path that reaches it; here each hop is one query whose index seeks find only
the transfers that can carry enough.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from time import monotonic
from typing import Any

from app.domain import Wallet
from app.errors import QueryTimeout
from app.ledger.cells import DIRECTION_NAMES, SOURCE
from app.stores.graph import Graph
from cypher import query

TIME_LIMIT = "time limit met"
ROW_LIMIT = "row limit met"
RESTATED = "values restated since the run"

_ROWS_A_HOP = 20_000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EvidenceTransfer:
    """One transfer of a path; `amount_carried` of its `amount` (base units) is the path's money."""

    transfer_id: int
    transaction_hash: str
    transfer_index: int
    occurred_at: datetime
    sender: Wallet
    receiver: Wallet
    asset: str
    amount: int
    decimals: int | None
    amount_carried: int


@dataclass(frozen=True, slots=True)
class EndLabel:
    """What the labelled end of a path is called, by whom, and how surely (0..100)."""

    name: str
    source: str
    confidence: int


@dataclass(frozen=True, slots=True)
class EvidencePath:
    """One path between the wallet and a labelled one, in the order the money took.

    `amount_carried` (base units) is the part of its first transfer that is still in its last, `share` the
    same as a part of all the wallet received (source) or sent (destination) of the asset. `usd_value` is
    that of the transfer next to the wallet, `counterparty` the other wallet of that transfer.
    """

    category: str
    label: EndLabel
    end_wallet: Wallet
    end_wallet_id: int
    counterparty: Wallet
    hop: int
    asset: str
    asset_id: int
    decimals: int | None
    amount_carried: int
    share: float
    usd_value: float | None
    restated: bool
    transfers: tuple[EvidenceTransfer, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Paths by share, largest first; `incomplete` says why there may be more or other ones."""

    paths: list[EvidencePath]
    incomplete: list[str]


@dataclass(frozen=True, slots=True)
class _Trail:
    """A path being followed from the wallet outwards: its links, and the product of the fractions between."""

    links: tuple[Row, ...]
    parts: tuple[float, ...]
    direction: int

    @property
    def carried(self) -> float:
        origin = self.links[-1] if self.direction == SOURCE else self.links[0]
        return float(self.parts[-1] * origin["amount"])

    def least(self, cut: float) -> float:
        """What the next transfer must bring: base units (source), or a part of what this one brought."""
        return cut / (self.parts[-1] * self.links[-1]["share"] if self.direction == SOURCE else self.carried)

    def then(self, row: Row) -> "_Trail":
        return _Trail((*self.links, row), (*self.parts, self.parts[-1] * row["fraction"]), self.direction)


def evidence(
    graph: Graph,
    wallet_id: int,
    direction: int,
    *,
    asset_totals: Mapping[int, float],
    watermark: int,
    hop_limit: int,
    threshold: float,
    max_paths: int,
    timeout_seconds: float,
) -> Evidence:
    """The paths that carry at least `threshold` of what the wallet received (source) or sent (destination).

    `asset_totals` holds that total by asset, in base units; other assets are left out. Meeting a limit is
    no error: what was found until then is returned and `incomplete` names the limit.
    """
    cuts = {asset_id: threshold * total for asset_id, total in asset_totals.items() if total > 0}
    deadline = monotonic() + timeout_seconds
    incomplete: set[str] = set()
    found: list[_Trail] = []
    trails: list[_Trail] = []
    name = DIRECTION_NAMES[direction]

    def read(text: str, given: Row) -> list[Row]:
        left = deadline - monotonic()
        if left <= 0:
            raise QueryTimeout("The evidence met its time limit.")
        limits = {"watermark": watermark, "row_limit": _ROWS_A_HOP}
        rows = graph.read(query(f"exposure/{text}"), given | limits, timeout_seconds=left)
        incomplete.update(_met_limit(rows))
        if any(row["restated"] for row in rows):
            incomplete.add(RESTATED)
        return rows

    try:
        least = {str(asset_id): cut for asset_id, cut in cuts.items()}
        first = read(f"evidence_{name}_first", {"wallet_id": wallet_id, "least": least})
        trails = [_Trail((row,), (1.0,), direction) for row in first]
        for hop in range(1, hop_limit + 1):
            found += [trail for trail in trails if trail.links[-1]["category"] is not None]
            pools = _pools(trails, cuts)
            if hop == hop_limit or not pools:
                break
            trails = _extended(trails, read(f"evidence_{name}_step", {"pools": pools}), cuts)
            incomplete.update(_met_limit(trails))
    except QueryTimeout:
        incomplete.add(TIME_LIMIT)

    def rank(trail: _Trail) -> tuple[float, list[tuple[str, int]]]:
        share = trail.carried / asset_totals[trail.links[0]["asset_id"]]
        return -share, [(link["transaction_hash"], link["transfer_index"]) for link in trail.links]

    found.sort(key=rank)
    if len(found) > max_paths:
        incomplete.add(ROW_LIMIT)
    shown = list(_shown(graph, found[:max_paths], asset_totals, timeout_seconds))
    return Evidence(shown, sorted(incomplete))


def _met_limit(found: list[Any]) -> set[str]:
    return {ROW_LIMIT} if len(found) == _ROWS_A_HOP else set()


def _pools(trails: list[_Trail], cuts: Mapping[int, float]) -> list[Row]:
    """The pools to look into next, each with the transfers reached, one entry a transfer."""
    strongest: dict[int, tuple[Row, float]] = {}
    for trail in trails:
        link = trail.links[-1]
        if link["category"] is not None or not link["share"]:
            continue
        least = trail.least(cuts[trail.links[0]["asset_id"]])
        if link["transfer_id"] not in strongest or least < strongest[link["transfer_id"]][1]:
            strongest[link["transfer_id"]] = link, least
    pools: defaultdict[int, list[Row]] = defaultdict(list)
    for link, least in strongest.values():
        wanted = {name: link[name] for name in ("transfer_id", "transaction_hash", "seq", "drain", "share")}
        pools[link["pool"]].append(wanted | {"least": least})
    return [
        {"pool": pool, "least": min(link["least"] for link in links), "links": links}
        for pool, links in pools.items()
    ]


def _extended(trails: list[_Trail], rows: list[Row], cuts: Mapping[int, float]) -> list[_Trail]:
    onward: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        onward[row["next_id"]].append(row)
    longer = (
        trail.then(row)
        for trail in trails
        if trail.links[-1]["category"] is None
        for row in onward[trail.links[-1]["transfer_id"]]
    )
    enough = (trail for trail in longer if trail.carried >= cuts[trail.links[0]["asset_id"]])
    # A threshold near 0 lets more through than anybody can look at: then the largest are followed.
    return nlargest(_ROWS_A_HOP, enough, key=lambda trail: trail.carried)


def _shown(
    graph: Graph, trails: list[_Trail], asset_totals: Mapping[int, float], timeout_seconds: float
) -> Iterator[EvidencePath]:
    if not trails:
        return
    ids = sorted({link["transfer_id"] for trail in trails for link in trail.links})
    asked = query("exposure/evidence_transfers"), {"transfer_ids": ids}
    facts = {row["transfer_id"]: row for row in graph.read(*asked, timeout_seconds=timeout_seconds)}
    for trail in trails:
        backwards = trail.direction == SOURCE
        links = trail.links[::-1] if backwards else trail.links
        rows = [facts[link["transfer_id"]] for link in links]
        end = rows[0]["sender"] if backwards else rows[-1]["receiver"]
        beside = rows[-1] if backwards else rows[0]
        yield EvidencePath(
            category=trail.links[-1]["category"],
            label=EndLabel(end["label"], end["label_source"], end["label_confidence"]),
            end_wallet=_wallet(end),
            end_wallet_id=end["wallet_id"],
            counterparty=_wallet(beside["sender" if backwards else "receiver"]),
            hop=len(links),
            asset=beside["asset"],
            asset_id=trail.links[0]["asset_id"],
            decimals=beside["decimals"],
            amount_carried=round(trail.carried),
            share=trail.carried / asset_totals[trail.links[0]["asset_id"]],
            usd_value=beside["usd_value"],
            restated=any(link["restated"] for link in links),
            transfers=tuple(map(_transfer, rows, _carried(trail))),
        )


def _carried(trail: _Trail) -> list[float]:
    """What of the path's first transfer, in the order of the money, is still in each of its transfers."""
    if trail.direction == SOURCE:
        return [trail.carried / part for part in reversed(trail.parts)]
    return [part * trail.links[0]["amount"] for part in trail.parts]


def _transfer(row: Row, carried: float) -> EvidenceTransfer:
    return EvidenceTransfer(
        row["transfer_id"],
        row["transaction_hash"],
        row["transfer_index"],
        row["occurred_at"].to_native(),
        _wallet(row["sender"]),
        _wallet(row["receiver"]),
        row["asset"],
        int(row["amount"]),
        row["decimals"],
        round(carried),
    )


def _wallet(end: Row) -> Wallet:
    return Wallet(end["chain"], end["address"])
