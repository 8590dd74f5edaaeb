"""A stored score as an answer: its rows in the record become contributions, exposures and residuals."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from app.answers.base import WalletName
from app.answers.scores import (
    CategoryAmount,
    Contribution,
    ExposureItem,
    OwnLabel,
    Residual,
    SentBeyondReceived,
    WalletScore,
)
from app.domain import Direction, format_points
from app.labels.effective import EffectiveLabel
from app.ledger.cells import DIRECTION_NAMES, RESIDUALS, decode
from app.policy.columns import column_of
from app.policy.policy import Policy
from app.runs.judgement.ownership import ownership_exposures
from app.runs.judgement.reasons import Contact, main_reason, reasons_of
from app.runs.judgement.row_weights import RowWeights
from app.runs.listing import run_name


def unknown_score(
    name: WalletName, reason: str, run: Row[Any] | None = None, label: EffectiveLabel | None = None
) -> WalletScore:
    """The answer for a wallet without a score, with the reason, and with its own label where it has one."""
    return WalletScore(
        wallet=name,
        score=None,
        risk_level=None,
        status="unknown",
        incomplete_reasons=[reason],
        run=None if run is None else run_name(run),
        label=None if label is None else OwnLabel.model_validate(label, from_attributes=True),
        exposures=ownership_exposures(label),
    )


def known_score(
    name: WalletName,
    run: Row[Any],
    *,
    policy: Policy,
    row: Row[Any],
    exposures: Sequence[Row[Any]],
    label: EffectiveLabel | None,
    contact: Contact | None,
) -> WalletScore:
    """The answer for a scored wallet, from its rows of `risk_scores` and `exposures`."""
    contributions = list(_contributions(run.columns, policy, row))
    cells = list(_cells(run.columns, exposures))
    unpriced = f"{row.unpriced_transfers} of its transfers have no price and weigh nothing in the score."
    return WalletScore(
        wallet=name,
        score=format_points(row.score),
        risk_level=row.risk_level,
        status="complete",
        notes=[unpriced] if row.unpriced_transfers and row.weighting == "usd" else [],
        band=row.band,
        direction=row.direction,
        rules=row.rules,
        flags=row.flags,
        main_reason=main_reason(policy, run.columns, row, contact),
        reasons=reasons_of(policy, run.columns, row, contact),
        usd_received=f"{row.usd_received:.2f}",
        usd_sent=f"{row.usd_sent:.2f}",
        source_coverage=row.source_coverage,
        destination_coverage=row.destination_coverage,
        weighting=row.weighting,
        unpriced_transfers=row.unpriced_transfers,
        amounts=list(amounts_of(run.columns, row)),
        label=None if label is None else OwnLabel.model_validate(label, from_attributes=True),
        run=run_name(run),
        exposures=[*ownership_exposures(label), *(item for item in cells if isinstance(item, ExposureItem))],
        residuals=[item for item in cells if isinstance(item, Residual)],
        sent_beyond_received=[
            SentBeyondReceived(asset=part.asset, amount=str(int(part.unobserved)), decimals=part.decimals)
            for part in exposures
            if part.unobserved and DIRECTION_NAMES[part.direction] == "destination"
        ],
        contributions=[item for item in contributions if item.direction == row.direction],
        other_contributions=[item for item in contributions if item.direction != row.direction],
    )


def _contributions(columns: list[str], policy: Policy, row: Row[Any]) -> Iterator[Contribution]:
    weights = RowWeights(policy, columns, row.cells, row.shares, (row.usd_received, row.usd_sent))
    for code, share, points in zip(row.cells, row.shares, row.points, strict=True):
        number, column, hop = decode(code)
        if not points:
            continue
        direction: Direction = DIRECTION_NAMES[number]  # type: ignore[assignment] # stored by its place
        of_column = column_of(columns[column])
        yield Contribution(
            direction=direction,
            category=of_column.category,
            listed=None if of_column.period == "unknown" else of_column.period,
            firm=of_column.firm,
            hop=hop,
            share=share,
            severity=float(policy.severity(columns[column], number)),
            counted=weights.counted(number, columns[column]),
            hop_weight=float(policy.hop_weights[hop - 1]) if hop else 1.0,
            points=format_points(points),
        )


def amounts_of(columns: list[str], row: Row[Any]) -> Iterator[CategoryAmount]:
    """Each column's money in USD, from the stored shares of what moved in known assets."""
    sums: dict[tuple[int, str], list[float]] = {}
    for code, share in zip(row.cells, row.shares, strict=True):
        direction, column, hop = decode(code)
        if hop:
            sums.setdefault((direction, columns[column]), [0.0, 0.0])[hop > 1] += share
    for (direction, name), (direct, indirect) in sorted(sums.items()):
        total = (row.usd_received, row.usd_sent)[direction - 1]
        of_column = column_of(name)
        if total > 0:
            yield CategoryAmount(
                direction=DIRECTION_NAMES[direction],
                category=of_column.category,
                listed=None if of_column.period == "unknown" else of_column.period,
                firm=of_column.firm,
                direct_usd=f"{direct * total:.2f}",
                indirect_usd=f"{indirect * total:.2f}",
                share=direct + indirect,
            )


def _cells(columns: list[str], exposures: Sequence[Row[Any]]) -> Iterator[ExposureItem | Residual]:
    for part in exposures:
        direction: Any = DIRECTION_NAMES[part.direction]
        for code, share in zip(part.cells, part.shares, strict=True):
            _, column, hop = decode(code)
            fields = {
                "asset": part.asset,
                "direction": direction,
                "amount": str(part_of(share, part.total)),
                "decimals": part.decimals,
                "share": share,
            }
            if column < len(RESIDUALS):
                yield Residual(kind=columns[column], hop=hop or None, **fields)
            else:
                priced = part.transfers > part.unpriced_transfers
                usd_value = f"{share * part.usd_value:.2f}" if priced else None
                of_column = column_of(columns[column])
                yield ExposureItem(
                    category=of_column.category,
                    listed=None if of_column.period == "unknown" else of_column.period,
                    firm=of_column.firm,
                    hop=hop,
                    usd_value=usd_value,
                    **fields,
                )


def part_of(share: float, total: Decimal | int) -> int:
    """A share of a total in whole base units, half to even; exact for totals of any size."""
    numerator, denominator = share.as_integer_ratio()
    part, rest = divmod(numerator * int(total), denominator)
    return part + (2 * rest > denominator or (2 * rest == denominator and part % 2))
