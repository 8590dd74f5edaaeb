"""Scores and their reasons, as answers of the API and of `aml … --json`.

Amounts are strings of base units, scores and points six-place decimal strings, shares doubles (0..1) of all
the wallet received (source) or sent (destination); `usd_value` is a decimal string at the transfers' time.
"""

from datetime import datetime

from pydantic import Field

from app.answers.assets import AssetName
from app.answers.base import TOTAL, WALLET, Answer, WalletName
from app.answers.names import Flow, ResidualKind, RiskLevel, ScoreStatus, Weighting
from app.answers.runs import RUN_NAME, RunName
from app.domain import Direction, ListingPeriod


class OwnLabel(Answer):
    """The effective label of the wallet at the time of the run."""

    category: str | None = Field(description="Null: the label only names the wallet.", examples=["exchange"])
    name: str = Field(examples=["Example exchange 3"])
    source: str = Field(examples=["tagpack"])
    confidence: int = Field(examples=[90])


class ExposureItem(Answer):
    """Money of one asset that came from (source) or reached (destination) a category, at one distance.

    For `ownership` (hop 0, the wallet itself is labelled) there is no asset and no amount.
    """

    asset: str | None = Field(examples=["ETH"])
    direction: Direction
    category: str = Field(examples=["mixer"])
    hop: int = Field(examples=[2])
    amount: str | None = Field(examples=["1500000000000000000"])
    decimals: int | None = Field(examples=[18])
    share: float = Field(examples=[0.25])
    listed: ListingPeriod | None = Field(
        default=None,
        description="When it moved, where the listing of the other end has dates.",
        examples=["while"],
    )
    firm: bool = Field(default=True, description="False: a weak label alone says what the other end is.")
    usd_value: str | None = Field(
        description="The share of the USD value of the asset's priced transfers; null when none is priced.",
        examples=["2790.15"],
    )


class Residual(Answer):
    """Money of no category; residuals and exposures add up to all the wallet received or sent."""

    asset: str = Field(examples=["ETH"])
    direction: Flow
    kind: ResidualKind
    hop: int | None = Field(description="Null for `beyond_hop_limit`.", examples=[1])
    amount: str = Field(examples=["4500000000000000000"])
    decimals: int | None = Field(examples=[18])
    share: float = Field(examples=[0.75])


RESIDUAL_NAMES = {
    "unobserved_origin": "unobserved origin",
    "still_held": "still held",
    "beyond_hop_limit": "beyond the hop limit",
}
"""Names of residuals on pages and in reports."""


class SentBeyondReceived(Answer):
    """What the wallet sent beyond what the record shows it received."""

    asset: str = Field(examples=["ETH"])
    amount: str = Field(examples=["1000000000000000000"])
    decimals: int | None = Field(examples=[18])


class Contribution(Answer):
    """Points of one direction, category and hop: share * severity * hop_weight * counted, rounded down."""

    direction: Direction
    category: str = Field(examples=["mixer"])
    hop: int = Field(examples=[2])
    share: float = Field(examples=[0.25])
    severity: float = Field(examples=[80])
    hop_weight: float = Field(examples=[0.7])
    listed: ListingPeriod | None = Field(default=None, examples=["while"])
    firm: bool = Field(default=True)
    counted: float = Field(
        default=1.0,
        description="Part that counts: less than 1 where all of this category is worth less than the floor.",
        examples=[1.0],
    )
    points: str = Field(examples=["14.000000"])


class Freshness(Answer):
    """What touched this wallet since its run. What changed at other wallets can change its score too."""

    stale: bool = Field(description="Something did.")
    transfers: int = Field(
        description="Its transfers with flow that were stored, retracted or restored since, at most 1000.",
        examples=[0],
    )
    labels: int = Field(
        description="Its labels that were recorded or removed since, or began or ceased to be valid.",
        examples=[0],
    )
    policy_changed: bool = Field(description="The next run would use another policy.")
    prices_changed: bool = Field(
        default=False, description="The next run would use other prices or another registry of assets."
    )


class CategoryAmount(Answer):
    """What money of one category was worth in USD, directly and through others, by when it moved."""

    direction: Flow
    category: str = Field(examples=["mixer"])
    listed: ListingPeriod | None = Field(examples=["while"])
    firm: bool
    direct_usd: str = Field(examples=["0.00"])
    indirect_usd: str = Field(examples=["930.05"])
    share: float = Field(description="Of all priced money in that direction.", examples=[0.25])


class Reason(Answer):
    """Why a rule of the policy fired, with its figures; `decides` is of the one that gave the level."""

    rule: str = Field(examples=["from_crime"])
    outcome: str = Field(description="The level it raises to, or the flag it sets.", examples=["medium"])
    decides: bool = Field(examples=[True])
    sentence: str = Field(examples=["Part of what it received came from crime: 930.05 USD, 25.00 %."])


class WalletTotals(Answer):
    """What the record holds of a wallet now, without transfers to itself; counted up to a limit."""

    transfers_in: int = Field(examples=[2])
    transfers_out: int = Field(examples=[1])
    paying_wallets: int = Field(description="Different wallets that paid it.", examples=[2])
    paid_wallets: int = Field(description="Different wallets that it paid.", examples=[1])
    first_seen: datetime | None = Field(description="Its first transfer; null without one.")
    last_seen: datetime | None
    counted_up_to: int = Field(
        description="Transfers of each direction that are looked at.", examples=[10_000]
    )


class WalletScore(Answer):
    """A stored score with its reasons, as the run wrote it."""

    wallet: WalletName
    score: str | None = Field(description="0-100; null when it is unknown.", examples=["14.000000"])
    risk_level: RiskLevel | None = Field(examples=["low"])
    status: ScoreStatus
    incomplete_reasons: list[str] = Field(default=[])
    notes: list[str] = Field(default=[])
    band: RiskLevel | None = Field(default=None, description="Level by score alone, before rules.")
    direction: Direction | None = Field(default=None, description="The direction that decided the score.")
    rules: list[str] = Field(default=[], description="Rules of the policy that were applied.")
    flags: list[str] = Field(
        default=[], description="Facts and signs beside the level.", examples=[["sanctions_contact"]]
    )
    main_reason: str | None = Field(default=None, description="What decided the level.")
    reasons: list[Reason] = Field(default=[], description="Of every rule that fired, the deciding one first.")
    usd_received: str | None = Field(
        default=None, description="In known assets, at the time of the transfers.", examples=["3720.20"]
    )
    usd_sent: str | None = Field(default=None, examples=["930.05"])
    source_coverage: float | None = Field(
        default=None, description="Share of what it received whose origin is known.", examples=[0.75]
    )
    destination_coverage: float | None = Field(
        default=None, description="Share of what it sent whose end is known.", examples=[1.0]
    )
    weighting: Weighting | None = Field(
        default=None, description="`worst_asset` where no transfer of the wallet is priced."
    )
    unpriced_transfers: int | None = None
    label: OwnLabel | None = None
    totals: WalletTotals | None = Field(default=None, description="Null: no transfer names the wallet.")
    asset_names: list[AssetName] = Field(default=[], description="What the assets of this answer are called.")
    run: RunName | None = None
    freshness: Freshness | None = Field(default=None, description="Null before the first run.")
    amounts: list[CategoryAmount] = Field(
        default=[], description="By direction and category, of money with a value in known assets."
    )
    exposures: list[ExposureItem] = Field(default=[])
    residuals: list[Residual] = Field(default=[])
    sent_beyond_received: list[SentBeyondReceived] = Field(default=[])
    contributions: list[Contribution] = Field(default=[], description="They add up to the score.")
    other_contributions: list[Contribution] = Field(default=[])


class RankedWallet(Answer):
    """One line of the list of highest scores."""

    wallet: WalletName
    score: str = Field(examples=["100.000000"])
    risk_level: RiskLevel = Field(examples=["severe"])
    direction: Direction | None
    main_category: str | None = Field(examples=["sanctioned"])
    main_reason: str = Field(examples=["The wallet itself is labelled sanctioned."])
    rules: list[str] = Field(default=[])
    flags: list[str] = Field(default=[], examples=[["sanctions_contact"]])
    crime_usd: str | None = Field(
        default=None,
        description="What money from crime and to crime was worth; null of a run of before this was kept.",
        examples=["930.05"],
    )
    usd_received: str = Field(default="0.00", examples=["3720.20"])
    usd_sent: str = Field(default="0.00", examples=["930.05"])
    first_seen: datetime | None = Field(default=None, description="Its first transfer with flow.")
    last_seen: datetime | None = Field(default=None, description="Its last transfer with flow.")
    score_before: str | None = Field(
        default=None,
        description="In the previous run; null when there is none, or the score was unknown.",
        examples=["97.500000"],
    )
    change: str | None = Field(default=None, description="Since that run, in points.", examples=["2.500000"])


class TopScores(Answer):
    """Highest scores of one run; `next` is the cursor of the next page, of the same run."""

    run: RunName
    previous_run_id: int | None = Field(
        default=None, description="The completed run that `change` compares with.", examples=[2]
    )
    scores: list[RankedWallet]
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


SCORE = WalletScore(
    wallet=WALLET,
    score="14.000000",
    risk_level="low",
    status="complete",
    band="low",
    direction="source",
    weighting="usd",
    unpriced_transfers=0,
    run=RUN_NAME,
    freshness=Freshness(stale=False, transfers=0, labels=0, policy_changed=False),
    exposures=[
        ExposureItem(
            asset="ETH",
            direction="source",
            category="mixer",
            hop=2,
            amount="500000000000000000",
            decimals=18,
            share=0.25,
            usd_value="930.05",
        )
    ],
    residuals=[
        Residual(
            asset="ETH",
            direction="source",
            kind="unobserved_origin",
            hop=1,
            amount="1500000000000000000",
            decimals=18,
            share=0.75,
        )
    ],
    contributions=[
        Contribution(
            direction="source",
            category="mixer",
            hop=2,
            share=0.25,
            severity=80,
            hop_weight=0.7,
            points="14.000000",
        )
    ],
)
TOP = TopScores(
    run=RUN_NAME,
    scores=[
        RankedWallet(
            wallet=WALLET,
            score="14.000000",
            risk_level="low",
            direction="source",
            main_category="mixer",
            main_reason="25.00% of what it received came from mixer, within 2 hops.",
        )
    ],
    next="WzMsIDE0MDAwMDAwLCA0Ml0=",
)
