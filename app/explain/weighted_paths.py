"""The paths of the graph with their points of the score, and the sums by wallet."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, TypeVar

from sqlalchemy import Row

from app.answers.base import WalletName
from app.answers.explanation import ContributingWallet, Counterparty, EvidenceItem, PathTransfer
from app.answers.names import Flow
from app.answers.scores import Contribution
from app.domain import Wallet, format_points, parse_points
from app.explain.attribution import Attribution, Cell, SharePoints, attribute
from app.explain.evidence import Evidence, EvidencePath
from app.ledger.cells import DESTINATION, RESIDUALS, SOURCE, decode
from app.policy.columns import ExposureColumn
from app.policy.points import points_of
from app.policy.policy import Policy
from app.runs.judgement.row_weights import RowWeights
from app.runs.score_answer import part_of
from app.runs.score_record import ScoreRecord

CODES: dict[Flow, int] = {"source": SOURCE, "destination": DESTINATION}
WalletSum = TypeVar("WalletSum", Counterparty, ContributingWallet)


@dataclass(frozen=True, slots=True)
class WeightedPaths:
    """Paths and the wallets on them, those with most points first, and the attribution of their points."""

    paths: list[EvidenceItem]
    counterparties: list[Counterparty]
    contributing_wallets: list[ContributingWallet]
    attribution: Attribution


def weighted_paths(record: ScoreRecord, evidence: Mapping[Flow, Evidence]) -> WeightedPaths:
    """Weights every path as the score weighted its money: by USD value, or the worst asset alone."""
    policy = record.policy
    assert policy is not None  # noqa: S101 - a score has its run, its run's policy
    assert record.run is not None  # noqa: S101 - likewise
    assert record.row is not None  # noqa: S101 - and its row
    contributions = [*record.score.contributions, *record.score.other_contributions]
    totals = {(row.direction, row.asset_id): int(row.total) for row in record.exposures}
    weighted: list[tuple[Flow, EvidencePath, float]] = []
    for direction, in_direction in evidence.items():
        rows = [row for row in record.exposures if row.direction == CODES[direction]]
        usd_total = sum(row.usd_value for row in rows)
        worst = None if usd_total > 0 else worst_asset(policy, record, rows)
        weighted += [
            (direction, path, _usd_share(direction, path, totals[CODES[direction], path.asset_id], usd_total))
            if worst is None
            else (direction, path, path.share if path.asset_id == worst else 0.0)
            for path in in_direction.paths
        ]
    cells: list[Cell] = [(direction, path.column, path.hop) for direction, path, _ in weighted]
    weights = RowWeights(
        policy,
        record.run.columns,
        record.row.cells,
        record.row.shares,
        (record.row.usd_received, record.row.usd_sent),
    )
    attribution = attribute(
        _cells(contributions),
        {cell: weights.of(CODES[cell[0]], cell[1], cell[2]) for cell in cells},
        zip(cells, (share for _, _, share in weighted), strict=True),
    )
    items = [
        _item(direction, path, totals[CODES[direction], path.asset_id], share, points)
        for (direction, path, share), points in zip(weighted, attribution.points, strict=True)
    ]
    return WeightedPaths(
        paths=sorted(items, key=_rank),
        counterparties=_by_wallet(Counterparty, [path.counterparty for _, path, _ in weighted], items),
        contributing_wallets=_by_wallet(
            ContributingWallet, [path.end_wallet for _, path, _ in weighted], items
        ),
        attribution=attribution,
    )


def worst_asset(policy: Policy, record: ScoreRecord, rows: Sequence[Row[Any]]) -> int | None:
    """The asset whose shares alone give the highest score, the first by name among equals."""
    assert record.run is not None  # noqa: S101 - a score has its run
    columns = record.run.columns

    def points(row: Row[Any]) -> int:
        return sum(
            points_of(share, policy.micro_points(columns[cell.column], cell.hop, cell.direction))
            for cell, share in zip(map(decode, row.cells), row.shares, strict=True)
            if cell.column >= len(RESIDUALS)
        )

    return min(rows, key=lambda row: (-points(row), row.asset)).asset_id if rows else None


def _usd_share(direction: Flow, path: EvidencePath, asset_total: int, usd_total: float) -> float:
    """The part of the wallet's priced money that a path carries, by the value of the wallet's transfer."""
    if path.usd_value is None or path.usd_value <= 0:
        return 0.0
    own = path.next_to_wallet(direction)
    # From the share, not from the rounded amount: small amounts would lose digits.
    return path.share * (asset_total / own.amount) * (path.usd_value / usd_total)


def _cells(contributions: Iterable[Contribution]) -> dict[Cell, SharePoints]:
    cells: dict[Cell, SharePoints] = {}
    for part in contributions:
        if part.direction != "ownership":
            column = ExposureColumn(part.category, part.listed or "unknown", part.firm).name
            cells[part.direction, column, part.hop] = SharePoints(part.share, parse_points(part.points))
    return cells


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
                # The graph holds a double; as a part of the exact amount the whole stays exact.
                amount_carried=str(part_of(float(step.amount_carried) / float(step.amount), step.amount)),
                usd_value=None if step.usd_value is None else f"{step.usd_value:.2f}",
            )
            for step in path.transfers
        ],
    )


def _rank(item: EvidenceItem) -> tuple[float, float, str, list[str]]:
    """Most points first, then the largest share; asset and hashes make the order unique."""
    hashes = [step.transaction_hash for step in item.transfers]
    return (-float(item.points), -item.share, item.asset, hashes)


def _by_wallet(
    model: type[WalletSum], wallets: Sequence[Wallet], items: Sequence[EvidenceItem]
) -> list[WalletSum]:
    """The sums over each wallet's paths, by direction and asset: amounts of two assets do not add up."""
    groups: dict[tuple[Wallet, Flow, str], list[EvidenceItem]] = defaultdict(list)
    for wallet, item in zip(wallets, items, strict=True):
        groups[wallet, item.direction, item.asset].append(item)
    sums = [
        model.model_validate(
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
    return sorted(sums, key=lambda part: (-float(part.points), -part.share, part.asset, part.wallet.address))
