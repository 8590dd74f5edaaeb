"""Alerts and watched wallets, as answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.answers.base import EXAMPLE_TIME, TOTAL, WALLET, Answer, WalletName
from app.answers.names import AlertOutcome, AlertStatus, RiskLevel

_ID = UUID("c9f0f895-fb98-4b91-8f44-9b1f3c7d2a10")


class Alert(Answer):
    """Says that somebody should look at a wallet."""

    alert_id: int = Field(examples=[7])
    rule: str = Field(description="Of the policy's `alerts`.", examples=["level_high"])
    sentence: str = Field(examples=["The risk level reached high."])
    wallet: WalletName
    reference: str | None = Field(description="The caller's, while the wallet is watched.")
    customer_reference: str | None
    status: AlertStatus
    outcome: AlertOutcome | None = Field(description="Of a closed one.")
    note: str | None
    risk_level: RiskLevel | None = Field(description="When it was last seen.", examples=["high"])
    retrospective: bool = Field(
        description="A label or policy that came later made it, not a new transfer of the wallet."
    )
    causes: int = Field(description="How many joined it; the first opened it.", examples=[1])
    usd_value: str | None = Field(
        description="Of the transfers among its causes, together.", examples=["1200.00"]
    )
    policy_digest: str
    opened_at: datetime
    last_seen_at: datetime = Field(description="When its latest cause came.")
    changed_at: datetime
    closed_at: datetime | None


class AlertCause(Answer):
    """One cause of an alert."""

    cause: str = Field(description="The same one never comes twice.", examples=["flag:sanctions_contact"])
    detail: str = Field(examples=["The flag sanctions_contact is set."])
    retrospective: bool
    usd_value: str | None
    run_id: int | None = Field(description="The run that found it, or null.", examples=[3])
    screening_id: int | None = Field(description="The screening that found it, or null.")
    watermark: int | None = Field(description="Last ingest batch that it had seen.", examples=[118])
    recorded_at: datetime


class AlertDetail(Alert):
    """An alert with its causes, newest first and at most 1000, and the evidence as it was when it opened."""

    listed_causes: list[AlertCause]
    evidence: dict[str, Any] = Field(description="The answer about the wallet's score at that time.")


class Alerts(Answer):
    """Alerts, newest first; `next` is the cursor of the next page."""

    alerts: list[Alert]
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


class WatchedWallet(Answer):
    """A wallet somebody watches, and what was last judged of it."""

    watched_id: UUID = Field(examples=[_ID])
    wallet: WalletName
    reference: str | None = Field(description="The caller's own.", examples=["deposit 4711"])
    customer_reference: str | None = Field(examples=["customer 12"])
    recorded_at: datetime
    risk_level: RiskLevel | None = Field(description="As last judged, by a run or a screening.")
    score: str | None = Field(examples=["14.000000"])
    flags: list[str]
    run_id: int | None = Field(description="The run that judged it last, or null.", examples=[3])
    screening_id: int | None = Field(description="The screening that did, or null.")
    watermark: int | None = Field(description="Last ingest batch that it had seen.", examples=[118])
    judged_at: datetime | None


class WatchedWallets(Answer):
    """Watched wallets by id; `next` is the cursor of the next page."""

    watched_wallets: list[WatchedWallet]
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


class WatchReport(Answer):
    """What adding watched wallets changed."""

    added: int = Field(examples=[1])
    updated: int = Field(description="Other references than before.", examples=[0])
    unchanged: int = Field(examples=[0])


ALERT = Alert(
    alert_id=7,
    rule="level_high",
    sentence="The risk level reached high.",
    wallet=WALLET,
    reference="deposit 4711",
    customer_reference="customer 12",
    status="open",
    outcome=None,
    note=None,
    risk_level="high",
    retrospective=True,
    causes=1,
    usd_value=None,
    policy_digest="5d41402abc4b2a76b9719d911017c592ae2f2d3f6b0a1d0e4a8f6b1c2d3e4f50",
    opened_at=EXAMPLE_TIME,
    last_seen_at=EXAMPLE_TIME,
    changed_at=EXAMPLE_TIME,
    closed_at=None,
)
CAUSE = AlertCause(
    cause="level:high:run:3",
    detail="The level rose from low to high.",
    retrospective=True,
    usd_value=None,
    run_id=3,
    screening_id=None,
    watermark=118,
    recorded_at=EXAMPLE_TIME,
)
ALERT_DETAIL = AlertDetail(**dict(ALERT), listed_causes=[CAUSE], evidence={"risk_level": "high"})
ALERTS = Alerts(alerts=[ALERT])
WATCHED = WatchedWallet(
    watched_id=_ID,
    wallet=WALLET,
    reference="deposit 4711",
    customer_reference="customer 12",
    recorded_at=EXAMPLE_TIME,
    risk_level="low",
    score="14.000000",
    flags=[],
    run_id=3,
    screening_id=None,
    watermark=118,
    judged_at=EXAMPLE_TIME,
)
WATCHED_WALLETS = WatchedWallets(watched_wallets=[WATCHED])
