"""Screenings: what is known of a wallet, a deposit or a payment now, as answers."""

from datetime import datetime

from pydantic import Field, JsonValue

from app.answers.base import EXAMPLE_TIME, TOTAL, WALLET, Answer, WalletName
from app.answers.names import (
    RiskLevel,
    ScreeningCause,
    ScreeningOrigin,
    ScreeningStatus,
    ScreeningSubject,
)
from app.answers.runs import RUN_NAME, RunName
from app.answers.scores import SCORE, CategoryAmount, Reason, WalletScore


class ScreenedLabel(Answer):
    """A label of the wallet that is recorded now."""

    chain: str = Field(description="On which it was recorded.", examples=["ethereum"])
    category: str | None = Field(examples=["sanctioned"])
    name: str = Field(examples=["Example person"])
    source: str = Field(description="The list.", examples=["ofac"])
    confidence: int = Field(examples=[100])
    valid_from: datetime | None = Field(description="Of a listing: since when it is listed.")
    valid_to: datetime | None
    recorded_at: datetime = Field(description="When the list that has it was read.")
    effective: bool = Field(description="Whether it is the one that counts.")
    tag: str | None = Field(
        default=None, description="Memo or destination tag that it is about; null: the whole address."
    )
    other_tag: bool = Field(
        default=False, description="It is about another tag than was asked for, and counts for nothing here."
    )


class ScreenedWallet(Answer):
    """One wallet of a screening: its score with all reasons, and the part of the answer that is not a run's.

    What went out of it is as the run saw it, or as the paths were then: what others send on later changes it.
    """

    status: ScreeningStatus
    computed_by: ScreeningOrigin
    watermark: int | None = Field(description="Last ingest batch that the score has seen.", examples=[118])
    wallet_score: WalletScore
    tag: str | None = Field(
        default=None,
        description="The tag that was asked for. What the address holds is one pool, whatever the tag.",
    )
    labels: list[ScreenedLabel] = Field(default=[])


class LabelList(Answer):
    """A list of labels as it is recorded now."""

    source: str = Field(examples=["ofac"])
    entries: int = Field(examples=[1_245])
    updated_at: datetime = Field(description="When one of its labels was recorded last.")
    digest: str | None = Field(
        default=None, description="SHA-256 of the file of its last import; null where none was imported."
    )
    checked_at: datetime | None = Field(
        default=None, description="When that file was last read, changed or not."
    )


class ComputedFrom(Answer):
    """What a screening was computed from: with the same, it gives the same."""

    origin: ScreeningOrigin | None = Field(description="Null: nothing was computed.", examples=["run"])
    watermark: int | None = Field(description="Last ingest batch that it has seen.", examples=[118])
    run: RunName | None = Field(description="The published run. Null before the first.")
    policy_version: str = Field(examples=["2026-01"])
    policy_digest: str
    label_set_digest: str | None = Field(description="Of the labels on other wallets: those of the run.")
    prices_digest: str | None = Field(
        default=None, description="Of the imported prices that the run used; null: none."
    )
    registry_digest: str | None = Field(
        default=None, description="Of the registry of assets that the run used; null: none."
    )
    labels_as_of: datetime = Field(description="The wallet's own labels were valid at this time.")
    lists: list[LabelList] = Field(description="Sources of labels, by name.")
    application_version: str = Field(examples=["0.1.0"])


class TransferSum(Answer):
    """What came from the same sender over so many days up to the transfer; `days` null: ever."""

    days: int | None = Field(examples=[7])
    transfers: int = Field(examples=[12])
    usd_value: str = Field(description="Of those that have a price.", examples=["108.00"])
    unpriced_transfers: int = Field(examples=[0])


class ScreenedTransfer(Answer):
    """A transfer that was screened, and where its money came from."""

    chain: str
    transaction_hash: str
    transfer_index: int
    state: str = Field(description="live, waiting or retracted, when it was looked at.", examples=["live"])
    occurred_at: datetime
    sender: str
    receiver: str
    asset: str
    amount: str
    decimals: int | None
    usd_value: str | None
    sender_tag: str | None = Field(default=None, description="Memo or destination tag of the sender.")
    receiver_tag: str | None = Field(default=None, description="Memo or destination tag of the receiver.")
    to_wallet: list[TransferSum] = Field(default=[], description="From its sender to its receiver.")
    to_customer: list[TransferSum] = Field(
        default=[], description="From its sender to all wallets of the same `customer_reference`."
    )


class Screening(Answer):
    """One recorded screening.

    `risk_level`, `score`, `flags` and `reasons` are those of the riskiest wallet, or of the transfer or
    payment. A subject that cannot be screened is `refused`; a transfer that was not seen yet is `pending`.
    """

    screening_id: int = Field(examples=[17])
    recorded_at: datetime
    answered_at: datetime | None = Field(description="Null while it is pending.")
    cause: ScreeningCause
    reference_id: str | None = Field(
        default=None, description="Random name of the caller's references, which can be erased."
    )
    subject: ScreeningSubject
    asked: dict[str, JsonValue] = Field(
        description="The subject as it was asked for, without the caller's references.",
        examples=[{"type": "wallet", "address": "0x" + "aa" * 20}],
    )
    status: ScreeningStatus
    refused_reason: str | None = Field(default=None, description="A code.", examples=["bad_checksum"])
    detail: str | None = Field(default=None, description="Why it is refused, pending or incomplete.")
    risk_level: RiskLevel | None = Field(examples=["low"])
    score: str | None = Field(examples=["14.000000"])
    flags: list[str] = Field(default=[])
    main_reason: str | None = None
    reasons: list[Reason] = Field(default=[])
    amounts: list[CategoryAmount] = Field(
        default=[], description="By category, direct and through others, by listing period."
    )
    source_coverage: float | None = None
    notes: list[str] = Field(default=[])
    wallets: list[ScreenedWallet] = Field(default=[], description="The riskiest first.")
    transfer: ScreenedTransfer | None = None
    retracted_at: datetime | None = Field(
        default=None, description="When it was seen that the transfer was retracted after the answer."
    )
    computed_from: ComputedFrom | None = None


class Screenings(Answer):
    """Screenings of one request, in its order."""

    screenings: list[Screening]


class ScreeningSummary(Answer):
    """One line of the list of screenings."""

    screening_id: int = Field(examples=[17])
    recorded_at: datetime
    cause: ScreeningCause
    subject: ScreeningSubject
    wallet: WalletName | None = Field(description="Null where it is not known, or on several chains.")
    status: ScreeningStatus
    risk_level: RiskLevel | None
    score: str | None
    flags: list[str] = Field(default=[])
    main_reason: str | None = None


class ScreeningList(Answer):
    """Screenings, newest first; `next` is the cursor of the next page."""

    screenings: list[ScreeningSummary]
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


class ScreeningDifference(Answer):
    """One field that a screening, computed again, has otherwise."""

    field: str = Field(examples=["risk_level"])
    recorded: str = Field(examples=["low"])
    computed: str = Field(examples=["medium"])


class ScreeningVerification(Answer):
    """Whether a screening, computed again from the record, is the same."""

    screening_id: int
    equal: bool
    differences: list[ScreeningDifference]
    notes: list[str] = Field(default=[])


class ForgottenReference(Answer):
    """What was erased: the references; the screenings themselves stay, and name nobody."""

    reference_id: str
    screenings: int = Field(description="How many screenings had it.", examples=[3])


_LIST = LabelList(source="ofac", entries=1_245, updated_at=EXAMPLE_TIME)
_FROM = ComputedFrom(
    origin="run",
    watermark=118,
    run=RUN_NAME,
    policy_version=RUN_NAME.policy_version,
    policy_digest=RUN_NAME.policy_digest,
    label_set_digest=RUN_NAME.label_set_digest,
    labels_as_of=EXAMPLE_TIME,
    lists=[_LIST],
    application_version="0.1.0",
)
SCREENING = Screening(
    screening_id=17,
    recorded_at=EXAMPLE_TIME,
    answered_at=EXAMPLE_TIME,
    cause="request",
    reference_id="7f1c9a52-0b7e-4f0b-9a57-3f7f3c1d2e4b",
    subject="wallet",
    asked={"type": "wallet", "address": WALLET.address, "chain": "ethereum"},
    status="complete",
    risk_level="low",
    score=SCORE.score,
    flags=SCORE.flags,
    main_reason="25.00 % of what it received, 930.05 USD, came from mixer, within 2 hops.",
    wallets=[ScreenedWallet(status="complete", computed_by="run", watermark=118, wallet_score=SCORE)],
    computed_from=_FROM,
)
SCREENINGS = Screenings(screenings=[SCREENING])
PENDING = Screening(
    screening_id=18,
    recorded_at=EXAMPLE_TIME,
    answered_at=None,
    cause="request",
    subject="transfer",
    asked={"type": "transfer", "transaction_hash": "0x" + "11" * 32, "receiver": WALLET.address},
    status="pending",
    detail="This transfer has not been recorded yet.",
    risk_level=None,
    score=None,
    computed_from=_FROM.model_copy(update={"origin": None}),
)
SCREENING_LIST = ScreeningList(
    screenings=[
        ScreeningSummary(
            screening_id=17,
            recorded_at=EXAMPLE_TIME,
            cause="request",
            subject="wallet",
            wallet=WALLET,
            status="complete",
            risk_level="low",
            score=SCORE.score,
            main_reason=SCREENING.main_reason,
        )
    ]
)
VERIFICATION = ScreeningVerification(screening_id=17, equal=True, differences=[])
FORGOTTEN = ForgottenReference(reference_id="7f1c9a52-0b7e-4f0b-9a57-3f7f3c1d2e4b", screenings=3)
