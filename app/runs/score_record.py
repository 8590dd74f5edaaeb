"""A wallet's score as the published run stored it, with every reason that the record holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row

from app.answers.base import WalletName
from app.answers.scores import Contribution, ExposureItem, OwnLabel, Residual, SentBeyondReceived, WalletScore
from app.domain import Direction, format_points
from app.labels.effective import EffectiveLabel, effective_labels
from app.ledger.cells import DIRECTION_NAMES, RESIDUALS, decode
from app.policy.policy import Policy, parse_policy
from app.record.wallets import find_wallet
from app.runs.listing import run_name
from app.runs.queries import NONE_PUBLISHED, published_run, score_row, wallet_exposure_rows


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """What the record holds of one wallet's published score, read in one snapshot.

    `run` and `policy` are None before the first published run, `row` when the run did not know the wallet.
    """

    wallet: Row[Any]
    run: Row[Any] | None
    policy: Policy | None
    row: Row[Any] | None
    exposures: Sequence[Row[Any]]
    score: WalletScore

    @property
    def name(self) -> str:
        """The wallet as `chain:address`."""
        return str(self.score.wallet)


def read_score_record(connection: Connection, reference: str) -> ScoreRecord:
    """Reads a wallet's published score in the snapshot of the connection.

    Raises:
        InvalidInput: no wallet is written like this.
        NotFound: the wallet was never seen.
        AmbiguousWallet: its address is known on several chains.
    """
    wallet = find_wallet(connection, reference)
    name = WalletName(chain=wallet.chain, address=wallet.address)
    run = published_run(connection)
    if run is None:
        return ScoreRecord(wallet, None, None, None, [], _unknown(name, NONE_PUBLISHED))
    policy = policy_of(run)
    row = score_row(connection, run.run_id, wallet.wallet_id)
    if row is None or row.score is None:
        reason = (
            f"First seen after scoring run {run.run_id}: run scoring again to include it."
            if wallet.batch_id > run.watermark
            else f"Scoring run {run.run_id} found neither money that moved through it nor a label."
        )
        return ScoreRecord(wallet, run, policy, None, [], _unknown(name, reason, run))
    exposures = wallet_exposure_rows(connection, run.run_id, wallet.wallet_id)
    label = _own_label(connection, wallet, run.as_of, policy)
    return ScoreRecord(
        wallet,
        run,
        policy,
        row,
        exposures,
        _known(name, run, policy=policy, row=row, exposures=exposures, label=label),
    )


def policy_of(run: Row[Any]) -> Policy:
    """The policy that a run stored, from a row with `policy_body`.

    Raises:
        InvalidPolicy: the stored text was changed and is no policy.
    """
    return _policy(run.policy_digest, run.policy_body)


@lru_cache(maxsize=8)
def _policy(digest: str, body: str) -> Policy:
    return parse_policy(body.encode(), f"stored policy {digest[:12]}")


def _unknown(name: WalletName, reason: str, run: Row[Any] | None = None) -> WalletScore:
    return WalletScore(
        wallet=name,
        score=None,
        risk_level=None,
        status="unknown",
        incomplete_reasons=[reason],
        run=None if run is None else run_name(run),
    )


def _known(
    name: WalletName,
    run: Row[Any],
    *,
    policy: Policy,
    row: Row[Any],
    exposures: Sequence[Row[Any]],
    label: EffectiveLabel | None,
) -> WalletScore:
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
        weighting=row.weighting,
        unpriced_transfers=row.unpriced_transfers,
        label=None if label is None else OwnLabel.model_validate(label, from_attributes=True),
        run=run_name(run),
        exposures=[*_ownership(label), *(item for item in cells if isinstance(item, ExposureItem))],
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
    for code, share, points in zip(row.cells, row.shares, row.points, strict=True):
        number, column, hop = decode(code)
        direction: Direction = DIRECTION_NAMES[number]  # type: ignore[assignment] # stored by its place
        category = columns[column]
        yield Contribution(
            direction=direction,
            category=category,
            hop=hop,
            share=share,
            severity=float(policy.categories[category].severity),
            hop_weight=float(policy.hop_weights[hop - 1]) if hop else 1.0,
            points=format_points(points),
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
                yield ExposureItem(category=columns[column], hop=hop, usd_value=usd_value, **fields)


def part_of(share: float, total: Decimal | int) -> int:
    """A share of a total in whole base units; exact for totals of any size."""
    return round(Fraction(share) * int(total))


def _own_label(
    connection: Connection, wallet: Row[Any], as_of: datetime, policy: Policy
) -> EffectiveLabel | None:
    labels = effective_labels(
        connection, as_of=as_of, severities=policy.severities, addresses=[wallet.address]
    )
    return next((label for label in labels if label.chain == wallet.chain), None)


def _ownership(label: EffectiveLabel | None) -> list[ExposureItem]:
    if label is None or label.category is None:
        return []
    return [
        ExposureItem(
            asset=None,
            direction="ownership",
            category=label.category,
            hop=0,
            amount=None,
            decimals=None,
            share=1.0,
            usd_value=None,
        )
    ]
