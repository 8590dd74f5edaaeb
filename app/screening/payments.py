"""Payments that have not been sent: the destination, and the rules that the payment would fire."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from app.answers.screenings import Screening
from app.chains.addresses import EVM_CHAINS
from app.chains.wallet_reference import Candidate
from app.labels.columns import label_columns
from app.labels.effective import EffectiveLabel
from app.ledger.cells import DESTINATION, SOURCE, CellLayout
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.policy import Policy
from app.runs.judgement.reasons import reasons_of
from app.runs.results.totals import Total, as_columns
from app.screening.computing.base import Moment
from app.screening.computing.judging import judge_money
from app.screening.known import Known
from app.screening.raising import raised
from app.screening.subjects import WithdrawalSubject

_ASSET_ID = 1
_EVM_DECIMALS = 18
_NO_CHAIN = "Name the chain of the payment: the destination is known on {}."
_NO_DECIMALS = "The decimals of {} on {} are not known. Give the amount in base units (`amount`)."


def with_payment(
    connection: Connection,
    moment: Moment,
    subject: WithdrawalSubject,
    wallets: tuple[Sequence[Candidate], Sequence[Known]],
    destination: Screening,
) -> Screening:
    """The screening of the destination with the rules that this payment would fire.

    `wallets` are those that the destination's address may mean, and those that are known.
    """
    candidates, known = wallets
    chains = {one.wallet.chain for one in known} or {one.chain for one in candidates if one.chain}
    if len(chains) != 1:
        named = ", ".join(sorted(chains)) or "no chain"
        return _refused(destination, "no_chain", _NO_CHAIN.format(named))
    (chain,) = chains
    row = connection.execute(_ASSET, {"chain": chain, "asset": subject.asset}).one_or_none()
    amount = _base_units(subject, _decimals(chain, subject.asset, row))
    if amount is None:
        return _refused(destination, "unknown_decimals", _NO_DECIMALS.format(subject.asset[:60], chain))
    policy = moment.base.policy
    wallet = next((one for one in known if one.wallet.chain == chain), None)
    label = None
    if wallet is not None:
        label = wallet.of_tag(policy, subject.tag, moment.now) or wallet.effective(policy, moment.now)
    layout, cell = cell_of_label(policy, label)
    is_known = policy.is_registered(chain, subject.asset) or (
        row is not None and row.asset_id in moment.base.valued
    )
    judged = judged_payment(policy, layout, cell, amount, subject.usd_value, is_known=is_known)
    reasons = [
        one.model_copy(update={"sentence": f"This payment: {one.sentence}", "decides": False})
        for one in reasons_of(policy, layout.columns, judged, None)
    ]
    return raised(destination, judged, reasons)


def _refused(screening: Screening, reason: str, detail: str) -> Screening:
    return screening.model_copy(
        update={
            "status": "refused",
            "refused_reason": reason,
            "detail": detail,
            "risk_level": None,
            "score": None,
        }
    )


def _decimals(chain: str, asset: str, row: Any) -> int | None:  # noqa: ANN401 - a row, or none
    if row is not None and row.decimals is not None:
        return int(row.decimals)
    return _EVM_DECIMALS if chain in EVM_CHAINS and not asset.startswith("0x") else None


def _base_units(subject: WithdrawalSubject, decimals: int | None) -> int | None:
    if subject.amount is not None:
        return int(subject.amount)
    if decimals is None:
        return None
    return int(Decimal(subject.units or "0").scaleb(decimals))


def cell_of_label(policy: Policy, label: EffectiveLabel | None) -> tuple[CellLayout, int]:
    """The cells of the policy with that of the label, and the one that the payment reaches."""
    if label is None or label.category not in policy.categories:
        return policy.layout, policy.layout.residual(1)
    columns = label_columns([replace(label, wallet_id=0)], policy)
    place = columns.by_wallet[0]
    is_after = label.ended and place.dated
    return columns.layout, columns.layout.category(place.column + is_after, 1)


def judged_payment(
    policy: Policy,
    layout: CellLayout,
    cell: int,
    amount: int,
    usd_value: str | None,
    *,
    is_known: bool,
    way: int = DESTINATION,
) -> Any:  # noqa: ANN401 - a row
    """One payment alone, all of it to one cell or from it, as the row of a wallet that moved nothing else."""
    usd = float(usd_value or 0)
    shares = np.zeros((1, layout.width))
    shares[0, cell] = 1.0
    totals = as_columns([Total(way, 0, _ASSET_ID, str(amount), "0", usd, 1, int(not usd))])
    ids, assets = np.zeros(1, np.int64), np.array([_ASSET_ID], np.int32)
    nothing = SparseRows.of(np.zeros((0, layout.width)))
    is_priced = usd > 0 and is_known
    moved = DirectionShares(
        ids,
        assets,
        SparseRows.of(shares),
        ids if is_priced else ids[:0],
        SparseRows.of(shares) if is_priced else nothing,
    )
    other = DirectionShares(ids[:0], assets[:0], nothing, ids[:0], nothing)
    both = (moved, other) if way == SOURCE else (other, moved)
    (judged,) = judge_money(policy, Exposures(layout, *both), totals, assets if is_known else assets[:0])
    return judged


_ASSET = text("""
    SELECT asset_id, decimals FROM assets WHERE chain = :chain AND (asset = :asset OR asset = lower(:asset))
    ORDER BY asset = :asset DESC LIMIT 1
""")
