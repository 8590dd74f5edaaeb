"""The explanation of a score: paths, the wallets on them, and the part that is not listed."""

from datetime import datetime
from typing import Any

from pydantic import Field

from app.answers.base import EXAMPLE_TIME, MIDDLE_WALLET, MIXER_WALLET, WALLET, Answer, WalletName
from app.answers.names import Flow
from app.answers.scores import SCORE, WalletScore
from app.domain import ListingPeriod


class Weighed(Answer):
    """The weight of listed paths of one asset and direction; `points` is their part of the score."""

    asset: str = Field(examples=["ETH"])
    decimals: int | None = Field(examples=[18])
    direction: Flow
    share: float = Field(description="Of the asset's total in that direction.", examples=[0.25])
    weighted_share: float = Field(description="In the contributions' unit, over all assets.", examples=[0.25])
    points: str = Field(examples=["14.000000"])


class Counterparty(Weighed):
    """A direct counterparty of the wallet on the listed paths."""

    wallet: WalletName
    amount: str = Field(examples=["1500000000000000000"])


class ContributingWallet(Weighed):
    """A labelled wallet at the end of listed paths."""

    wallet: WalletName
    amount: str = Field(examples=["1500000000000000000"])
    category: str = Field(examples=["mixer"])
    label: str | None = Field(examples=["Example mixer: 1 ETH"])


class PathTransfer(Answer):
    """One transfer of a path; `amount_carried` is the part of it that this path accounts for."""

    transaction_hash: str
    transfer_index: int = Field(examples=[0])
    occurred_at: datetime
    sender: str
    receiver: str
    asset: str = Field(examples=["ETH"])
    amount: str = Field(examples=["2000000000000000000"])
    amount_carried: str = Field(examples=["1500000000000000000"])
    usd_value: str | None = Field(
        default=None, description="Of the whole transfer, as the run valued it; null without a price."
    )


class EvidenceItem(Weighed):
    """One path between the wallet and a labelled wallet, in the order the money moved."""

    category: str = Field(examples=["mixer"])
    label: str | None = Field(examples=["Example mixer: 1 ETH"])
    label_source: str | None = Field(examples=["ofac"])
    label_confidence: int | None = Field(examples=[100])
    hop: int = Field(examples=[2])
    amount_carried: str = Field(examples=["1500000000000000000"])
    transfers: list[PathTransfer]


class NotListed(Answer):
    """Exposure by paths that are not listed: the stored totals minus the listed paths."""

    share: float = Field(examples=[0.0])
    points: str = Field(examples=["0.000000"])


class NotListedTotals(NotListed):
    """Of the direction that decided the score, which with the listed points it adds up to; and of both."""

    source: NotListed
    destination: NotListed


class GraphState(Answer):
    """The state of the graph, compared with the run."""

    watermark: int | None = Field(description="Last batch that is in the graph.", examples=[118])
    batches_since_run: int = Field(examples=[0])
    transfers_since_run: int = Field(examples=[0])


class EvidenceQuery(Answer):
    """A query that shows the transfers of all listed paths in Neo4j Browser, and a link that opens it."""

    transfers: int = Field(description="Number of transfers that it shows.", examples=[2])
    query: str = Field(
        examples=["CYPHER 25\nMATCH path = ()-[t:TRANSFER]->()\nWHERE t.transfer_id IN [17, 18]\nRETURN path"]
    )
    url: str | None = Field(
        description="Null without `AML_NEO4J_BROWSER_URL`, or where it would be too long for a link."
    )


class DirectTransfer(Answer):
    """One transfer between the wallet and a labelled one; `listed` says when, if the listing has dates."""

    transaction_hash: str
    transfer_index: int = Field(examples=[0])
    occurred_at: datetime
    counterparty: str
    label: str = Field(examples=["Example mixer: 1 ETH"])
    category: str = Field(examples=["mixer"])
    listed: ListingPeriod | None = Field(examples=["while"])
    asset: str = Field(examples=["ETH"])
    amount: str = Field(examples=["1500000000000000000"])
    decimals: int | None = Field(examples=[18])
    usd_value: str | None = Field(examples=["2790.15"])


class RuleEvidence(Answer):
    """The largest transfers of a rule about direct contact, whatever their share; the rest counted."""

    rule: str = Field(examples=["sanctions_contact"])
    direction: Flow
    transfers: list[DirectTransfer]
    other_transfers: int = Field(description="How many more there are.", examples=[0])
    other_usd: str = Field(description="What those were worth.", examples=["0.00"])


class Explanation(WalletScore):
    """A stored score with its reasons and, from the graph, its paths."""

    top_counterparties: list[Counterparty] = Field(default=[])
    top_contributing_wallets: list[ContributingWallet] = Field(default=[])
    rule_evidence: list[RuleEvidence] = Field(
        default=[], description="Of each rule that fired and looks at direct contact."
    )
    paths: list[EvidenceItem] = Field(default=[])
    not_listed: NotListedTotals | None = None
    evidence_query: EvidenceQuery | None = None
    graph: GraphState | None = None
    names: list[WalletName] = Field(
        default=[], description="The wallets of transfers and paths that have a name, each with its source."
    )


_WEIGHED: dict[str, Any] = {
    "asset": "ETH",
    "decimals": 18,
    "direction": "source",
    "share": 0.25,
    "weighted_share": 0.25,
    "points": "14.000000",
}
_LABEL: dict[str, Any] = {"category": "mixer", "label": "Example mixer: 1 ETH"}
_NOTHING = NotListed(share=0, points="0.000000")
EXPLANATION = Explanation(
    **dict(SCORE),
    top_counterparties=[Counterparty(wallet=MIDDLE_WALLET, amount="500000000000000000", **_WEIGHED)],
    top_contributing_wallets=[
        ContributingWallet(wallet=MIXER_WALLET, amount="500000000000000000", **_LABEL, **_WEIGHED)
    ],
    paths=[
        EvidenceItem(
            label_source="tagpack",
            label_confidence=90,
            hop=2,
            amount_carried="500000000000000000",
            transfers=[
                PathTransfer(
                    transaction_hash="0x" + f"{number:064x}",
                    transfer_index=0,
                    occurred_at=EXAMPLE_TIME,
                    sender=sender.address,
                    receiver=receiver.address,
                    asset="ETH",
                    amount="1000000000000000000",
                    amount_carried="500000000000000000",
                    usd_value="1860.10",
                )
                for number, sender, receiver in ((1, MIXER_WALLET, MIDDLE_WALLET), (2, MIDDLE_WALLET, WALLET))
            ],
            **_LABEL,
            **_WEIGHED,
        )
    ],
    not_listed=NotListedTotals(share=0, points="0.000000", source=_NOTHING, destination=_NOTHING),
    evidence_query=EvidenceQuery(
        transfers=2,
        query="CYPHER 25\nMATCH path = ()-[t:TRANSFER]->()\nWHERE t.transfer_id IN [17, 18]\nRETURN path",
        url="http://127.0.0.1:7474/browser/?cmd=edit&arg=CYPHER%2025%0AMATCH…",
    ),
    graph=GraphState(watermark=118, batches_since_run=0, transfers_since_run=0),
)
