"""The paths of one wallet's exposure, with the transfers of each and the amount they carry.

The paths are followed hop by hop. A variable-length pattern gives the same paths, but reads every transfer
of a hub once for each path that reaches it; here each hop is one query whose index seeks read only the
transfers that can carry enough.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from app.domain import Wallet, transfer_index_of
from app.errors import QueryTimeout
from app.explain.trails import MAX_TRAILS, Row, Trail, extended_trails, pools_to_read
from app.labels.columns import microseconds
from app.ledger.cells import DIRECTION_NAMES, SOURCE
from app.policy.columns import ExposureColumn
from app.stores.graph import Graph
from cypher import query

TIME_LIMIT = "time limit reached"
ROW_LIMIT = "row limit reached"
EMPTIED = "transfers deleted from the graph while it was read"
RESTATED = "values restated since the run"


@dataclass(frozen=True, slots=True)
class EvidenceTransfer:
    """One transfer of a path; `amount_carried` of its `amount` (base units) is money of the path.

    `usd_value` is the value of the whole transfer; None where it has no price.
    """

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
    usd_value: float | None


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
    column: str
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

    def next_to_wallet(self, direction: str) -> EvidenceTransfer:
        """The transfer between the wallet and its counterparty."""
        return self.transfers[-1 if direction == "source" else 0]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Paths by share, largest first; `incomplete` names the limits and changes that may hide other paths."""

    paths: list[EvidencePath]
    incomplete: list[str]


def evidence(
    graph: Graph,
    wallet_id: int,
    direction: int,
    *,
    asset_totals: Mapping[int, float],
    watermark: int,
    hop_limit: int,
    firm_confidence: int,
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
    complete: list[Trail] = []
    trails: list[Trail] = []
    direction_name = DIRECTION_NAMES[direction]

    def read(name: str, parameters: Row) -> list[Row]:
        seconds_left = deadline - monotonic()
        if seconds_left <= 0:
            raise QueryTimeout("The evidence queries reached their time limit.")
        limits = {"watermark": watermark, "row_limit": MAX_TRAILS}
        rows = graph.read(query(f"exposure/{name}"), parameters | limits, timeout_seconds=seconds_left)
        incomplete.update(_row_limit_of(rows))
        if any(row["restated"] for row in rows):
            incomplete.add(RESTATED)
        return rows

    try:
        least = {str(asset_id): minimum for asset_id, minimum in minimums.items()}
        first = read(f"evidence_{direction_name}_first", {"wallet_id": wallet_id, "least": least})
        trails = [Trail((row,), (1.0,), direction) for row in first]
        for hop in range(1, hop_limit + 1):
            complete += [trail for trail in trails if trail.is_complete]
            pools = pools_to_read(trails, minimums)
            if hop == hop_limit or not pools:
                break
            trails = extended_trails(
                trails, read(f"evidence_{direction_name}_step", {"pools": pools}), minimums
            )
            incomplete.update(_row_limit_of(trails))
    except QueryTimeout:
        incomplete.add(TIME_LIMIT)

    complete.sort(key=lambda trail: trail.rank(asset_totals))
    if len(complete) > max_paths:
        incomplete.add(ROW_LIMIT)
    listed = complete[:max_paths]
    paths = list(
        _paths(
            graph,
            listed,
            asset_totals,
            firm_confidence=firm_confidence,
            timeout_seconds=timeout_seconds,
        )
    )
    if len(paths) < len(listed):
        incomplete.add(EMPTIED)
    return Evidence(paths, sorted(incomplete))


def _row_limit_of(rows: list[Any]) -> set[str]:
    return {ROW_LIMIT} if len(rows) == MAX_TRAILS else set()


def _paths(
    graph: Graph,
    trails: list[Trail],
    asset_totals: Mapping[int, float],
    *,
    firm_confidence: int,
    timeout_seconds: float,
) -> Iterator[EvidencePath]:
    if not trails:
        return
    ids = sorted({link["transfer_id"] for trail in trails for link in trail.links})
    transfers = graph.read(
        query("exposure/evidence_transfers"), {"transfer_ids": ids}, timeout_seconds=timeout_seconds
    )
    facts = {row["transfer_id"]: row for row in transfers}
    for trail in trails:
        if any(link["transfer_id"] not in facts for link in trail.links):
            continue  # the graph was emptied between the two queries
        backwards = trail.direction == SOURCE
        links = trail.links[::-1] if backwards else trail.links
        rows = [facts[link["transfer_id"]] for link in links]
        end = rows[0]["sender"] if backwards else rows[-1]["receiver"]
        next_to_wallet = rows[-1] if backwards else rows[0]
        yield EvidencePath(
            category=trail.links[-1]["category"],
            column=_column(trail.links[-1]["category"], end, rows[0 if backwards else -1], firm_confidence),
            label=EndLabel(end["label"], end["label_source"], end["label_confidence"]),
            end_wallet=_wallet(end),
            end_wallet_id=end["wallet_id"],
            counterparty=_wallet(next_to_wallet["sender" if backwards else "receiver"]),
            hop=len(links),
            asset=next_to_wallet["asset"],
            asset_id=trail.asset_id,
            decimals=next_to_wallet["decimals"],
            amount_carried=round(trail.carried),
            share=trail.carried / asset_totals[trail.asset_id],
            usd_value=next_to_wallet["usd_value"],
            restated=any(link["restated"] for link in links),
            transfers=tuple(map(_transfer, rows, trail.carried_by_transfer())),
        )


def _column(category: str, end: Row, transfer: Row, firm_confidence: int) -> str:
    """The column of a path by its labelled end, and by when its transfer there was."""
    if end["label_confidence"] < firm_confidence:
        return ExposureColumn(category, firm=False).name
    begin, until = end["listed_from"], end["listed_until"]
    if begin is None and until is None:
        return category
    moment = microseconds(transfer["occurred_at"].to_native())
    assert moment is not None  # noqa: S101 - every transfer has its time
    is_before, is_after = begin is not None and moment < begin, until is not None and moment >= until
    return ExposureColumn(category, "before" if is_before else "after" if is_after else "while").name


def _transfer(row: Row, carried: float) -> EvidenceTransfer:
    return EvidenceTransfer(
        row["transfer_id"],
        row["transaction_hash"],
        transfer_index_of(row["seq"]),
        row["occurred_at"].to_native(),
        _wallet(row["sender"]),
        _wallet(row["receiver"]),
        row["asset"],
        int(row["amount"]),
        row["decimals"],
        round(carried),
        row["usd_value"],
    )


def _wallet(end: Row) -> Wallet:
    return Wallet(end["chain"], end["address"])
