"""The JSON shapes of scores and explanations, for the API and for `aml … --json`.

Amounts are strings of base units, scores and points six-place decimal strings, shares doubles (0..1) of all
the wallet received (source) or sent (destination); `usd_value` is a decimal string at the transfers' time.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain import Direction

Flow = Literal["source", "destination"]
Status = Literal["complete", "incomplete", "unknown"]


class Shape(BaseModel):
    """Base of every answer: built once, never changed."""

    model_config = ConfigDict(frozen=True)


class WalletName(Shape):
    """One address on one chain."""

    chain: str = Field(examples=["ethereum"])
    address: str = Field(examples=["0x00000000000000000000000000000000000000aa"])


class OwnLabel(Shape):
    """The label that spoke for the wallet itself when the run was made."""

    category: str | None = Field(description="Null: it only names.", examples=["exchange"])
    name: str = Field(examples=["Example exchange 3"])
    source: str = Field(examples=["tagpack"])
    confidence: int = Field(examples=[90])


class RunName(Shape):
    """The scoring run an answer comes from."""

    run_id: int = Field(examples=[3])
    policy_version: str = Field(examples=["2026-01"])
    policy_digest: str
    label_set_digest: str
    watermark: int = Field(description="Last ingest batch the run has seen.", examples=[118])
    engine: Literal["cypher", "ledger"]
    hop_limit: int = Field(examples=[4])
    as_of: datetime = Field(description="Labels valid at this time were used.")


class ExposureItem(Shape):
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
    usd_value: str | None = Field(
        description="The share of the USD value of the asset's priced transfers; null when none is priced.",
        examples=["2790.15"],
    )


class Residual(Shape):
    """Money that no category explains, named: with the exposures it adds up to the whole."""

    asset: str = Field(examples=["ETH"])
    direction: Flow
    kind: Literal["unobserved_origin", "still_held", "beyond_hop_limit"]
    hop: int | None = Field(description="Null for `beyond_hop_limit`.", examples=[1])
    amount: str = Field(examples=["4500000000000000000"])
    decimals: int | None = Field(examples=[18])
    share: float = Field(examples=[0.75])


RESIDUAL_NAMES = {
    "unobserved_origin": "origin never seen",
    "still_held": "still held",
    "beyond_hop_limit": "beyond the hop limit",
}
"""What a residual is called where people read it."""


class SentBeyondReceived(Shape):
    """What the wallet sent beyond what it was ever seen to receive."""

    asset: str = Field(examples=["ETH"])
    amount: str = Field(examples=["1000000000000000000"])
    decimals: int | None = Field(examples=[18])


class Contribution(Shape):
    """Points of one direction, category and hop: share * severity * hop_weight, rounded down."""

    direction: Direction
    category: str = Field(examples=["mixer"])
    hop: int = Field(examples=[2])
    share: float = Field(examples=[0.25])
    severity: float = Field(examples=[80])
    hop_weight: float = Field(examples=[0.7])
    points: str = Field(examples=["14.000000"])


class Weighed(Shape):
    """What listed paths of one asset and direction weigh; `points` is their part of the score."""

    asset: str = Field(examples=["ETH"])
    decimals: int | None = Field(examples=[18])
    direction: Flow
    share: float = Field(description="Of the asset's total in that direction.", examples=[0.25])
    weighted_share: float = Field(description="In the contributions' unit, over all assets.", examples=[0.25])
    points: str = Field(examples=["14.000000"])


class Counterparty(Weighed):
    """A neighbour the risk came through, or went to."""

    wallet: WalletName
    amount: str = Field(examples=["1500000000000000000"])


class ContributingWallet(Weighed):
    """A labelled end of the listed paths."""

    wallet: WalletName
    amount: str = Field(examples=["1500000000000000000"])
    category: str = Field(examples=["mixer"])
    label: str | None = Field(examples=["Example mixer: 1 ETH"])


class PathTransfer(Shape):
    """One transfer of a path; `amount_carried` is the part of it that this path accounts for."""

    transaction_hash: str
    transfer_index: int = Field(examples=[0])
    occurred_at: datetime
    sender: str
    receiver: str
    asset: str = Field(examples=["ETH"])
    amount: str = Field(examples=["2000000000000000000"])
    amount_carried: str = Field(examples=["1500000000000000000"])


class EvidenceItem(Weighed):
    """One path between the wallet and a labelled wallet, in the order the money went."""

    category: str = Field(examples=["mixer"])
    label: str | None = Field(examples=["Example mixer: 1 ETH"])
    label_source: str | None = Field(examples=["ofac"])
    label_confidence: int | None = Field(examples=[100])
    hop: int = Field(examples=[2])
    amount_carried: str = Field(examples=["1500000000000000000"])
    transfers: list[PathTransfer]


class NotListed(Shape):
    """Exposure in smaller paths: the stored exact totals minus the listed paths."""

    share: float = Field(examples=[0.0])
    points: str = Field(examples=["0.000000"])


class NotListedTotals(NotListed):
    """Of the direction that decided the score, so that listed points and these add up to it; and of both."""

    source: NotListed
    destination: NotListed


class GraphState(Shape):
    """Where the graph stands beside the run."""

    watermark: int | None = Field(description="Last batch that is in the graph.", examples=[118])
    batches_since_run: int = Field(examples=[0])
    transfers_since_run: int = Field(examples=[0])


class EvidenceQuery(Shape):
    """Draws the transfers of all listed paths in Neo4j Browser: a query to paste, and a link with it."""

    transfers: int = Field(description="How many it draws, each once.", examples=[2])
    query: str = Field(
        examples=["CYPHER 25\nMATCH path = ()-[t:TRANSFER]->()\nWHERE t.transfer_id IN [17, 18]\nRETURN path"]
    )
    url: str | None = Field(
        description="Null without `AML_NEO4J_BROWSER_URL`, or where it would be too long for a link."
    )


class WalletScore(Shape):
    """A stored score with its reasons, as the run wrote it."""

    wallet: WalletName
    score: str | None = Field(description="0-100; null when nothing is known.", examples=["14.000000"])
    risk_level: str | None = Field(examples=["low"])
    status: Status
    incomplete_reasons: list[str] = []
    notes: list[str] = []
    band: str | None = Field(default=None, description="Level by score alone, before rules.")
    direction: Direction | None = Field(default=None, description="The one that decided the score.")
    rules: list[str] = Field(default=[], description="Rules of the policy that were applied.")
    weighting: Literal["usd", "worst_asset"] | None = Field(
        default=None, description="`worst_asset` where no transfer of the wallet is priced."
    )
    unpriced_transfers: int | None = None
    label: OwnLabel | None = None
    run: RunName | None = None
    exposures: list[ExposureItem] = []
    residuals: list[Residual] = []
    sent_beyond_received: list[SentBeyondReceived] = []
    contributions: list[Contribution] = Field(default=[], description="They add up to the score.")
    other_contributions: list[Contribution] = []


class Explanation(WalletScore):
    """A stored score with its reasons and, from the graph, the paths behind them."""

    top_counterparties: list[Counterparty] = []
    top_contributing_wallets: list[ContributingWallet] = []
    paths: list[EvidenceItem] = []
    not_listed: NotListedTotals | None = None
    evidence_query: EvidenceQuery | None = None
    graph: GraphState | None = None


class RankedWallet(Shape):
    """One line of the list of highest scores."""

    wallet: WalletName
    score: str = Field(examples=["100.000000"])
    risk_level: str = Field(examples=["severe"])
    direction: Direction | None
    main_category: str | None = Field(examples=["sanctioned"])
    main_reason: str = Field(examples=["It is itself labelled sanctioned."])
    rules: list[str] = []
    previous_score: str | None = Field(
        default=None,
        description="In the run before; null when there was none, or nothing was known then.",
        examples=["97.500000"],
    )
    change: str | None = Field(default=None, description="Since that run, in points.", examples=["2.500000"])


class TopScores(Shape):
    """Highest scores of one run; `next` is the cursor of the next page, of the same run."""

    run: RunName
    previous_run: int | None = Field(
        default=None, description="The completed run before, which `change` is since.", examples=[2]
    )
    scores: list[RankedWallet]
    next: str | None = None


class Run(RunName):
    """One scoring run as a record of its own."""

    status: Literal["running", "completed", "failed", "cancelled"]
    published: bool
    application_version: str
    started_at: datetime
    completed_at: datetime | None
    progress: float = Field(description="Part of the run that is done (0..1).", examples=[1.0])
    step: str = Field(examples=["done"])
    transfers: int | None
    unpriced_transfers: int | None
    wallets: int | None
    labelled_wallets: int | None
    recorded_transfers: int | None = Field(
        default=None,
        description="Transfers up to the watermark, also those that move nothing or are retracted.",
    )
    record_digest: str | None = Field(default=None, description="Of those transfers, whatever their order.")
    results_digest: str | None = Field(default=None, description="SHA-256 of the rows the run stored.")
    cancel_requested: bool = False
    error: str | None = None


class Runs(Shape):
    """Runs, newest first; `next` is the cursor of the next page."""

    runs: list[Run]
    next: str | None = None
