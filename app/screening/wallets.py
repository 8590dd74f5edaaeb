"""The answer about one wallet.

It is the published run's where nothing came after it, what the graph's paths give where something did, and
what the wallet's own label says where nothing moved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Literal

from sqlalchemy import Connection

from app.answers.base import WalletName
from app.answers.names import RiskLevel, ScreeningOrigin
from app.answers.scores import Freshness, WalletScore
from app.answers.screenings import ScreenedLabel, ScreenedWallet
from app.labels.effective import EffectiveLabel
from app.policy.conditions import LEVELS
from app.runs.judgement.ownership import NOT_SEEN_NOTE, ownership_score
from app.runs.judgement.reasons import contacts_of
from app.runs.listing import run_name
from app.runs.queries import NONE_PUBLISHED
from app.runs.score_answer import known_score, unknown_score
from app.screening.computing.base import Base
from app.screening.known import Known, LabelRecord

From = Literal["auto", "run", "paths", "ledger"]
NOTHING_RECORDED = "Nothing is recorded of it: no transfer and no label. Unknown is not low."
NO_MONEY = "Scoring run {run_id} found neither money that moved through it nor a label."
_AFTER = "{count} of its transfers came after scoring run {run_id}, and are not in this answer."
_LABELLED_AFTER = "Its own label changed after scoring run {run_id}."
_DESTINATION = (
    "What it sent on is as of batch {watermark}: where it is now changes with what others send later."
)


_DESTINATION_SINCE = (
    "What it sent before scoring run {run_id} is where that run saw it, what it sent since as of batch"
    " {watermark}: where it is now changes with what others send later."
)


@dataclass(frozen=True)
class Changes:
    """What touched a wallet since the published run."""

    transfers: int
    labels: int

    def __bool__(self) -> bool:
        return bool(self.transfers or self.labels)


def changes_of(
    base: Base, known: Known, now: datetime, transfers: int
) -> tuple[Changes, EffectiveLabel | None]:
    """What touched a wallet since the run, so many transfers among it, and the label it has now."""
    label = known.effective(base.policy, now)
    if base.run is None:
        return Changes(0, 0), label
    then = known.of_run(base.policy, base.run)
    labels = sum(
        one.recorded_at > base.run.as_of or (one.removed_at or base.run.as_of) > base.run.as_of
        for one in (*known.labels, *known.elsewhere)
    )
    return Changes(transfers, max(labels, int(_said(then) != _said(label)))), label


def needs_paths(base: Base, known: Known, changes: Changes, asked: From) -> bool:
    """Whether the run's row does not say what is known now."""
    if base.run is None or not known.wallet.is_seen or asked in {"run", "ledger"}:
        return False
    if asked == "paths":
        return True
    return bool(changes) and (known.row is not None or changes.transfers > 0)


@dataclass(frozen=True)
class Computed:
    """A row that was computed now, with the names of its columns."""

    row: Any
    exposures: Sequence[Any]
    columns: Sequence[str]
    watermark: int
    origin: ScreeningOrigin


def answer(
    connection: Connection,
    base: Base,
    known: Known,
    *,
    label: EffectiveLabel | None,
    changes: Changes,
    computed: Computed | None,
    failure: str | None,
    policy_changed: bool,
    now: datetime,
) -> ScreenedWallet:
    """The answer about one wallet; `failure` says why nothing was computed that had to be."""
    name = WalletName(chain=known.wallet.chain, address=known.wallet.address)
    labels = _labels(known, label, now)
    freshness = _freshness(changes, policy_changed=policy_changed)
    if computed is not None:
        score = _score(
            connection,
            base,
            name,
            row=computed.row,
            exposures=computed.exposures,
            label=label,
            columns=computed.columns,
        )
        as_of = _DESTINATION.format(watermark=computed.watermark)
        if computed.origin == "run_and_paths" and base.run is not None:
            as_of = _DESTINATION_SINCE.format(run_id=base.run.run_id, watermark=computed.watermark)
        score = score.model_copy(update={"freshness": freshness, "notes": [*score.notes, as_of]})
        return ScreenedWallet(
            status="complete",
            computed_by=computed.origin,
            watermark=computed.watermark,
            wallet_score=score,
            labels=labels,
        )
    if base.run is not None and known.row is not None:
        return _from_run(
            connection,
            base,
            known,
            name,
            label=label,
            changes=changes,
            failure=failure,
            freshness=freshness,
            labels=labels,
        )
    return _without_row(base, known, name, label=label, failure=failure, freshness=freshness, labels=labels)


def _from_run(
    connection: Connection,
    base: Base,
    known: Known,
    name: WalletName,
    *,
    label: EffectiveLabel | None,
    changes: Changes,
    failure: str | None,
    freshness: Freshness,
    labels: list[ScreenedLabel],
) -> ScreenedWallet:
    assert base.run is not None  # noqa: S101 - the caller looked
    of_run = known.of_run(base.policy, base.run)
    score = _score(
        connection,
        base,
        name,
        row=known.row,
        exposures=known.exposures,
        label=of_run,
        columns=base.run.columns,
    )
    reasons = [] if failure is None else [failure]
    if changes.transfers:
        reasons.append(_AFTER.format(count=changes.transfers, run_id=base.run.run_id))
    if changes.labels and _said(of_run) != _said(label):
        reasons.append(_LABELLED_AFTER.format(run_id=base.run.run_id))
        score = raised_by_label(base, name, score, label)
    updates: dict[str, Any] = {
        "freshness": freshness,
        "incomplete_reasons": reasons,
        "notes": [*score.notes, _DESTINATION.format(watermark=base.run.watermark)],
    }
    if reasons:
        updates["status"] = "incomplete"
    return ScreenedWallet(
        status="incomplete" if reasons else "complete",
        computed_by="run",
        watermark=base.run.watermark,
        wallet_score=score.model_copy(update=updates),
        labels=labels,
    )


def raised_by_label(
    base: Base, name: WalletName, score: WalletScore, label: EffectiveLabel | None
) -> WalletScore:
    """The score, or that of a label that it does not know where that is a higher level."""
    if label is None or label.category not in base.policy.categories:
        return score
    run = None if base.run is None else run_name(base.run)
    own = ownership_score(name, run, base.policy, label, score.notes)
    if level_rank(own.risk_level) <= level_rank(score.risk_level):
        return score
    return score.model_copy(
        update={
            "score": own.score,
            "risk_level": own.risk_level,
            "band": own.band,
            "direction": own.direction,
            "rules": sorted({*score.rules, *own.rules}),
            "flags": sorted({*score.flags, *own.flags}),
            "main_reason": own.main_reason,
            "reasons": [*own.reasons, *(one.model_copy(update={"decides": False}) for one in score.reasons)],
            "label": own.label,
            "exposures": [*own.exposures, *score.exposures],
            "contributions": own.contributions,
            "other_contributions": [*score.contributions, *score.other_contributions],
        }
    )


def _without_row(
    base: Base,
    known: Known,
    name: WalletName,
    *,
    label: EffectiveLabel | None,
    failure: str | None,
    freshness: Freshness,
    labels: list[ScreenedLabel],
) -> ScreenedWallet:
    """A wallet that the run has no score of: what its label says, or that nothing is known."""
    is_seen = known.wallet.is_seen
    reasons = [] if failure is None else [failure]
    if base.run is None and is_seen:
        reasons.append(NONE_PUBLISHED)
    if is_seen and base.run is not None and known.wallet.batch_id > base.run.watermark and not failure:
        reasons.append(_AFTER.format(count="All", run_id=base.run.run_id))
    run = None if base.run is None else run_name(base.run)
    if label is not None and label.category in base.policy.categories:
        score = ownership_score(name, run, base.policy, label, [] if is_seen else [NOT_SEEN_NOTE])
    else:
        why = NOTHING_RECORDED if label is None else NOT_SEEN_NOTE
        if is_seen and base.run is not None:
            why = NO_MONEY.format(run_id=base.run.run_id)
        score = unknown_score(name, why, base.run, label).model_copy(
            update={"incomplete_reasons": reasons or [why], "risk_level": "unrated" if is_seen else None}
        )
    if reasons:
        score = score.model_copy(update={"incomplete_reasons": reasons})
    return ScreenedWallet(
        status="never_seen" if not is_seen else ("incomplete" if reasons else "complete"),
        computed_by="label",
        watermark=None if base.run is None else base.run.watermark,
        wallet_score=score.model_copy(update={"freshness": None if base.run is None else freshness}),
        labels=labels,
    )


def _score(
    connection: Connection,
    base: Base,
    name: WalletName,
    *,
    row: Any,  # noqa: ANN401 - a row of risk_scores, or one like it
    exposures: Sequence[Any],
    label: EffectiveLabel | None,
    columns: Sequence[str],
) -> WalletScore:
    assert base.run is not None  # noqa: S101 - a row has its run
    run: Any = SimpleNamespace(**{**base.run._mapping, "columns": columns})  # noqa: SLF001 - SQLAlchemy's documented name
    if row.score is None:
        return unknown_score(name, NO_MONEY.format(run_id=run.run_id), run, label)
    contact = contacts_of(connection, [row], base.run.as_of, base.run.run_id).get(row.wallet_id)
    return known_score(
        name, run, policy=base.policy, row=row, exposures=exposures, label=label, contact=contact
    )


def _labels(known: Known, effective: EffectiveLabel | None, now: datetime) -> list[ScreenedLabel]:
    return [
        screened_label(one, effective)
        for one in (*known.labels, *known.elsewhere)
        if one.removed_at is None or one.removed_at > now
    ]


def screened_label(
    record: LabelRecord, effective: EffectiveLabel | None, asked_tag: str | None = None
) -> ScreenedLabel:
    """A label in an answer, beside the one that counts, for the tag that was asked for."""
    label = record.label
    is_asked = record.tag == asked_tag
    return ScreenedLabel(
        chain=label.chain,
        tag=record.tag,
        other_tag=not is_asked,
        category=label.category,
        name=label.name,
        source=label.source,
        confidence=label.confidence,
        valid_from=label.valid_from,
        valid_to=label.valid_to,
        recorded_at=record.recorded_at,
        effective=is_asked
        and effective is not None
        and (label.source, label.name) == (effective.source, effective.name),
    )


def _freshness(changes: Changes, *, policy_changed: bool) -> Freshness:
    return Freshness(
        stale=bool(changes) or policy_changed,
        transfers=changes.transfers,
        labels=changes.labels,
        policy_changed=policy_changed,
    )


def _said(label: EffectiveLabel | None) -> tuple[object, ...] | None:
    """What a label says of the wallet itself."""
    if label is None:
        return None
    return label.category, label.own_category, label.firm, label.weak_crime, label.name, label.source


def level_rank(level: RiskLevel | None) -> int:
    """The place of a level among all; none is the lowest."""
    return -1 if level is None else LEVELS.index(level)


def riskiest(wallets: Sequence[ScreenedWallet]) -> list[ScreenedWallet]:
    """The riskiest first; of equals that with the higher score."""
    return sorted(
        wallets,
        key=lambda one: (
            -level_rank(one.wallet_score.risk_level),
            -float(one.wallet_score.score or -1),
            str(one.wallet_score.wallet),
        ),
    )


Scores = Mapping[int, Computed]
