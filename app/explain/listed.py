"""The paths the graph found, weighed by the score they explain, and summed by wallet."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, TypeVar

from sqlalchemy import Row

from app.answers.base import WalletName
from app.answers.explanation import ContributingWallet, Counterparty, EvidenceItem, PathTransfer
from app.answers.scores import Contribution, Flow
from app.domain import Wallet, format_points
from app.explain.attribution import Attribution, Cell, Stored, attribute
from app.explain.evidence import Evidence, EvidencePath
from app.ledger.cells import DESTINATION, RESIDUALS, SOURCE, decode
from app.policy.points import points_of
from app.policy.policy import Policy
from app.runs.score_record import ScoreRecord, part_of

CODES: dict[Flow, int] = {"source": SOURCE, "destination": DESTINATION}
Summed = TypeVar("Summed", Counterparty, ContributingWallet)


@dataclass(frozen=True, slots=True)
class Listed:
    """Paths and the wallets on them, those with most points first, and how they add up."""

    paths: list[EvidenceItem]
    counterparties: list[Counterparty]
    contributing_wallets: list[ContributingWallet]
    attribution: Attribution


def listed_paths(stored: ScoreRecord, found: Mapping[Flow, Evidence]) -> Listed:
    """Weighs every path as the score weighed its money: by USD value, or all of the worst asset."""
    policy = stored.policy
    assert policy is not None  # noqa: S101 - a stored score has its run's policy
    contributions = [*stored.score.contributions, *stored.score.other_contributions]
    totals = {(row.direction, row.asset_id): int(row.total) for row in stored.exposures}
    weighed: list[tuple[Flow, EvidencePath, float]] = []
    for direction, evidence in found.items():
        rows = [row for row in stored.exposures if row.direction == CODES[direction]]
        usd_total = sum(row.usd_value for row in rows)
        worst = None if usd_total > 0 else worst_asset(policy, stored, rows)
        weighed += [
            (direction, path, _usd_share(direction, path, totals[CODES[direction], path.asset_id], usd_total))
            if worst is None
            else (direction, path, path.share if path.asset_id == worst else 0.0)
            for path in evidence.paths
        ]
    cells: list[Cell] = [(direction, path.category, path.hop) for direction, path, _ in weighed]
    attribution = attribute(
        _stored_cells(contributions),
        {cell: policy.micro_points(cell[1], cell[2]) for cell in cells},
        zip(cells, (share for _, _, share in weighed), strict=True),
    )
    items = [
        _item(direction, path, totals[CODES[direction], path.asset_id], share, points)
        for (direction, path, share), points in zip(weighed, attribution.points, strict=True)
    ]
    return Listed(
        paths=sorted(items, key=_rank),
        counterparties=_by_wallet(Counterparty, [path.counterparty for _, path, _ in weighed], items),
        contributing_wallets=_by_wallet(
            ContributingWallet, [path.end_wallet for _, path, _ in weighed], items
        ),
        attribution=attribution,
    )


def worst_asset(policy: Policy, stored: ScoreRecord, rows: Sequence[Row[Any]]) -> int | None:
    """The asset whose shares alone give the highest score, the first by name among equals."""
    assert stored.run is not None  # noqa: S101 - a stored score has its run
    columns = stored.run.columns

    def points(row: Row[Any]) -> int:
        return sum(
            points_of(share, policy.micro_points(columns[cell.column], cell.hop))
            for cell, share in zip(map(decode, row.cells), row.shares, strict=True)
            if cell.column >= len(RESIDUALS)
        )

    return min(rows, key=lambda row: (-points(row), row.asset)).asset_id if rows else None


def _usd_share(direction: Flow, path: EvidencePath, asset_total: int, usd_total: float) -> float:
    """The part of all the wallet's priced money that went this way, by its own transfer's value."""
    if path.usd_value is None or path.usd_value <= 0:
        return 0.0
    own = path.transfers[-1 if direction == "source" else 0]
    # From the share, not from the rounded amount: small amounts would lose digits.
    return path.share * (asset_total / own.amount) * (path.usd_value / usd_total)


def _stored_cells(contributions: Iterable[Contribution]) -> dict[Cell, Stored]:
    cells: dict[Cell, Stored] = {}
    for part in contributions:
        if part.direction != "ownership":
            cells[part.direction, part.category, part.hop] = Stored(part.share, parse_points(part.points))
    return cells


def parse_points(points: str) -> int:
    """Millionths of a point of the six-place decimal string."""
    return int(points.replace(".", ""))


def _item(
    direction: Flow, path: EvidencePath, asset_total: int, weighted_share: float, points: int
) -> EvidenceItem:
    return EvidenceItem(
        direction=direction,
        category=path.category,
        label=path.label.name,
        label_source=path.label.source,
        label_confidence=path.label.confidence,
        asset=path.asset,
        decimals=path.decimals,
        hop=path.hop,
        amount_carried=str(part_of(path.share, asset_total)),
        share=path.share,
        weighted_share=weighted_share,
        points=format_points(points),
        transfers=[
            PathTransfer(
                transaction_hash=step.transaction_hash,
                transfer_index=step.transfer_index,
                occurred_at=step.occurred_at,
                sender=step.sender.address,
                receiver=step.receiver.address,
                asset=path.asset,
                amount=str(step.amount),
                # The graph's doubles know it as a part of the amount: whole stays whole, to the last unit.
                amount_carried=str(part_of(float(step.amount_carried) / float(step.amount), step.amount)),
            )
            for step in path.transfers
        ],
    )


def _rank(item: EvidenceItem) -> tuple[float, float, str, list[str]]:
    """Most points first, then the largest share; the rest only makes the order the same every time."""
    hashes = [step.transaction_hash for step in item.transfers]
    return (-float(item.points), -item.share, item.asset, hashes)


def _by_wallet(shape: type[Summed], wallets: Sequence[Wallet], items: Sequence[EvidenceItem]) -> list[Summed]:
    """The sums over each wallet's paths of one direction and asset; amounts of two assets do not add up."""
    groups: dict[tuple[Wallet, Flow, str], list[EvidenceItem]] = defaultdict(list)
    for wallet, item in zip(wallets, items, strict=True):
        groups[wallet, item.direction, item.asset].append(item)
    summed = [
        shape.model_validate(
            {
                **dict(group[0]),
                "wallet": WalletName(chain=wallet.chain, address=wallet.address),
                "amount": str(sum(int(item.amount_carried) for item in group)),
                "share": fsum(item.share for item in group),
                "weighted_share": fsum(item.weighted_share for item in group),
                "points": format_points(sum(parse_points(item.points) for item in group)),
            }
        )
        for (wallet, _, _), group in groups.items()
    ]
    return sorted(
        summed, key=lambda part: (-float(part.points), -part.share, part.asset, part.wallet.address)
    )
