"""Paths that are followed from a wallet outwards: the transfers to read next, and those that carry enough."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from app.ledger.cells import SOURCE

MAX_TRAILS = 20_000
"""Rows of one query, and trails that are followed to the next hop."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trail:
    """A path from the wallet outwards, as far as it is followed: its transfers, and the part each carries."""

    links: tuple[Row, ...]
    parts: tuple[float, ...]
    direction: int

    @property
    def asset_id(self) -> int:
        """The asset of its transfers."""
        return int(self.links[0]["asset_id"])

    @property
    def is_complete(self) -> bool:
        """Whether its last transfer is of a labelled wallet."""
        return self.links[-1]["category"] is not None

    @property
    def carried(self) -> float:
        """The amount (base units) of its first transfer, as the money moved, that is still in its last."""
        origin = self.links[-1] if self.direction == SOURCE else self.links[0]
        return float(self.parts[-1] * origin["amount"])

    def carried_by_transfer(self) -> list[float]:
        """The amount of its first transfer that is still in each transfer, in the order of the money."""
        if self.direction == SOURCE:
            return [self.carried / part for part in reversed(self.parts)]
        return [part * self.links[0]["amount"] for part in self.parts]

    def least(self, minimum: float) -> float:
        """What the next transfer must carry at least: base units (source), or a part of this one."""
        whole = self.parts[-1] * self.links[-1]["share"] if self.direction == SOURCE else self.carried
        return float(minimum / whole)

    def extended(self, row: Row) -> "Trail":
        """The trail with one more transfer."""
        return Trail((*self.links, row), (*self.parts, self.parts[-1] * row["fraction"]), self.direction)

    def rank(self, asset_totals: Mapping[int, float]) -> tuple[float, list[tuple[str, int]]]:
        """Sorts by share of the asset's total, largest first; the hashes make the order unique."""
        share = self.carried / asset_totals[self.asset_id]
        return -share, [(link["transaction_hash"], link["seq"]) for link in self.links]


def pools_to_read(trails: list[Trail], minimums: Mapping[int, float]) -> list[Row]:
    """The pools to read next, each with the transfers that lead to it, every transfer once.

    `minimums` has the least amount (base units) that a path must carry, by asset. Beyond `furthest_drain` no
    transfer of the pool leads to any of them: deposits have at most that drain (source), sends at least.
    """
    strongest: dict[int, tuple[Row, float]] = {}
    for trail in trails:
        link = trail.links[-1]
        if trail.is_complete or not link["share"]:
            continue
        least = trail.least(minimums[trail.asset_id])
        if link["transfer_id"] not in strongest or least < strongest[link["transfer_id"]][1]:
            strongest[link["transfer_id"]] = link, least
    furthest = max if trails and trails[0].direction == SOURCE else min
    pools: defaultdict[int, list[Row]] = defaultdict(list)
    for link, least in strongest.values():
        fields = {name: link[name] for name in ("transfer_id", "transaction_hash", "seq", "drain", "share")}
        pools[link["pool"]].append(fields | {"least": least})
    return [
        {
            "pool": pool,
            "least": min(link["least"] for link in links),
            "furthest_drain": furthest(link["drain"] for link in links),
            "links": links,
        }
        for pool, links in pools.items()
    ]


def extended_trails(trails: list[Trail], rows: list[Row], minimums: Mapping[int, float]) -> list[Trail]:
    """The trails one hop on, by the transfers that were read for them; those that carry too little end."""
    onward: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        onward[row["next_id"]].append(row)
    longer = (
        trail.extended(row)
        for trail in trails
        if not trail.is_complete
        for row in onward[trail.links[-1]["transfer_id"]]
    )
    large_enough = (trail for trail in longer if trail.carried >= minimums[trail.asset_id])
    # With a threshold near 0 there are too many trails: the largest are followed.
    return nlargest(MAX_TRAILS, large_enough, key=lambda trail: trail.carried)
