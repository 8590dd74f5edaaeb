"""The paths of one wallet's exposure, with the transfers of each and the amount they carry.

The paths are followed hop by hop. A variable-length pattern gives the same paths, but reads every transfer
of a hub once for each path that reaches it; here each hop is one query whose index seeks read only the
transfers that can carry enough.
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

TIME_LIMIT = "time limit reached"
ROW_LIMIT = "row limit reached"
RESTATED = "values restated since the run"

_MAX_ROWS_PER_HOP = 20_000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EvidenceTransfer:
    """One transfer of a path; `amount_carried` of its `amount` (base units) is money of the path."""

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
    """The label of the end of a path: its name, its source and its confidence (0..100)."""

    name: str
    source: str
    confidence: int


@dataclass(frozen=True, slots=True)
class EvidencePath:
    """One path between the wallet and a labelled one, in the order the money moved.

    `amount_carried` (base units) is the part of its first transfer that is still in its last, `share` the
    same as a part of all the wallet received (source) or sent (destination) of the asset. `usd_value` is
    the value of the transfer next to the wallet, `counterparty` the other wallet of that transfer.
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
    """Paths by share, largest first; `incomplete` names the limits and changes that may hide other paths."""

    paths: list[EvidencePath]
    incomplete: list[str]


@dataclass(frozen=True, slots=True)
class _Trail:
    """A path from the wallet outwards, as far as it is followed: its transfers, and the part each carries."""

    links: tuple[Row, ...]
    parts: tuple[float, ...]
    direction: int

    @property
    def carried(self) -> float:
        origin = self.links[-1] if self.direction == SOURCE else self.links[0]
        return float(self.parts[-1] * origin["amount"])

    def least(self, minimum: float) -> float:
        """What the next transfer must carry at least: base units (source), or a part of this one."""
        whole = self.parts[-1] * self.links[-1]["share"] if self.direction == SOURCE else self.carried
        return float(minimum / whole)

    def extended(self, row: Row) -> "_Trail":
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

    `asset_totals` has that total by asset, in base units; other assets are left out. A limit that is reached
    is no error: the paths up to it are returned, and `incomplete` names the limit.
    """
    minimums = {asset_id: threshold * total for asset_id, total in asset_totals.items() if total > 0}
    deadline = monotonic() + timeout_seconds
    incomplete: set[str] = set()
    complete: list[_Trail] = []
    trails: list[_Trail] = []
    direction_name = DIRECTION_NAMES[direction]

    def read(name: str, parameters: Row) -> list[Row]:
        seconds_left = deadline - monotonic()
        if seconds_left <= 0:
            raise QueryTimeout("The evidence queries reached their time limit.")
        limits = {"watermark": watermark, "row_limit": _MAX_ROWS_PER_HOP}
        rows = graph.read(query(f"exposure/{name}"), parameters | limits, timeout_seconds=seconds_left)
        incomplete.update(_row_limit_of(rows))
        if any(row["restated"] for row in rows):
            incomplete.add(RESTATED)
        return rows

    try:
        least = {str(asset_id): minimum for asset_id, minimum in minimums.items()}
        first = read(f"evidence_{direction_name}_first", {"wallet_id": wallet_id, "least": least})
        trails = [_Trail((row,), (1.0,), direction) for row in first]
        for hop in range(1, hop_limit + 1):
            complete += [trail for trail in trails if trail.links[-1]["category"] is not None]
            pools = _pools(trails, minimums)
            if hop == hop_limit or not pools:
                break
            trails = _extended(trails, read(f"evidence_{direction_name}_step", {"pools": pools}), minimums)
            incomplete.update(_row_limit_of(trails))
    except QueryTimeout:
        incomplete.add(TIME_LIMIT)

    def rank(trail: _Trail) -> tuple[float, list[tuple[str, int]]]:
        share = trail.carried / asset_totals[trail.links[0]["asset_id"]]
        return -share, [(link["transaction_hash"], link["transfer_index"]) for link in trail.links]

    complete.sort(key=rank)
    if len(complete) > max_paths:
        incomplete.add(ROW_LIMIT)
    paths = list(_paths(graph, complete[:max_paths], asset_totals, timeout_seconds))
    return Evidence(paths, sorted(incomplete))


def _row_limit_of(rows: list[Any]) -> set[str]:
    return {ROW_LIMIT} if len(rows) == _MAX_ROWS_PER_HOP else set()


def _pools(trails: list[_Trail], minimums: Mapping[int, float]) -> list[Row]:
    """The pools to read next, each with the transfers that lead to it, every transfer once."""
    strongest: dict[int, tuple[Row, float]] = {}
    for trail in trails:
        link = trail.links[-1]
        if link["category"] is not None or not link["share"]:
            continue
        least = trail.least(minimums[trail.links[0]["asset_id"]])
        if link["transfer_id"] not in strongest or least < strongest[link["transfer_id"]][1]:
            strongest[link["transfer_id"]] = link, least
    pools: defaultdict[int, list[Row]] = defaultdict(list)
    for link, least in strongest.values():
        fields = {name: link[name] for name in ("transfer_id", "transaction_hash", "seq", "drain", "share")}
        pools[link["pool"]].append(fields | {"least": least})
    return [
        {"pool": pool, "least": min(link["least"] for link in links), "links": links}
        for pool, links in pools.items()
    ]


def _extended(trails: list[_Trail], rows: list[Row], minimums: Mapping[int, float]) -> list[_Trail]:
    onward: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        onward[row["next_id"]].append(row)
    longer = (
        trail.extended(row)
        for trail in trails
        if trail.links[-1]["category"] is None
        for row in onward[trail.links[-1]["transfer_id"]]
    )
    large_enough = (trail for trail in longer if trail.carried >= minimums[trail.links[0]["asset_id"]])
    # With a threshold near 0 there are too many trails: the largest are followed.
    return nlargest(_MAX_ROWS_PER_HOP, large_enough, key=lambda trail: trail.carried)


def _paths(
    graph: Graph, trails: list[_Trail], asset_totals: Mapping[int, float], timeout_seconds: float
) -> Iterator[EvidencePath]:
    if not trails:
        return
    ids = sorted({link["transfer_id"] for trail in trails for link in trail.links})
    transfers = graph.read(
        query("exposure/evidence_transfers"), {"transfer_ids": ids}, timeout_seconds=timeout_seconds
    )
    facts = {row["transfer_id"]: row for row in transfers}
    for trail in trails:
        backwards = trail.direction == SOURCE
        links = trail.links[::-1] if backwards else trail.links
        rows = [facts[link["transfer_id"]] for link in links]
        end = rows[0]["sender"] if backwards else rows[-1]["receiver"]
        next_to_wallet = rows[-1] if backwards else rows[0]
        yield EvidencePath(
            category=trail.links[-1]["category"],
            label=EndLabel(end["label"], end["label_source"], end["label_confidence"]),
            end_wallet=_wallet(end),
            end_wallet_id=end["wallet_id"],
            counterparty=_wallet(next_to_wallet["sender" if backwards else "receiver"]),
            hop=len(links),
            asset=next_to_wallet["asset"],
            asset_id=trail.links[0]["asset_id"],
            decimals=next_to_wallet["decimals"],
            amount_carried=round(trail.carried),
            share=trail.carried / asset_totals[trail.links[0]["asset_id"]],
            usd_value=next_to_wallet["usd_value"],
            restated=any(link["restated"] for link in links),
            transfers=tuple(map(_transfer, rows, _carried(trail))),
        )


def _carried(trail: _Trail) -> list[float]:
    """The amount of the path's first transfer that is still in each of its transfers, in their order."""
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
