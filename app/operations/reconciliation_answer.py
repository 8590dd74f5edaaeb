"""What a comparison of the graph with the record found, as an answer."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.answers.base import EXAMPLE_TIME
from app.answers.names import LabelComparison
from app.projection.differences import Difference
from app.stores.references import BrokenReference

MAX_LISTED = 100
"""How many differences a report names; it counts all of them."""


class StoreContent(BaseModel):
    """What one store held when it was compared."""

    transfers: int = Field(examples=[117])
    wallets: int = Field(examples=[64])
    digest: str = Field(description="Of the digests of all ranges.", examples=["2c26b46b68ffc68f"])
    asset_amounts: dict[str, str] = Field(
        description="Exact sums in base units by `chain:asset`, without retracted transfers.",
        examples=[{"ethereum:ETH": "1500000000000000000"}],
    )


class ForeignContent(BaseModel):
    """Nodes that are no wallets, edges that are no transfers, and wallets with other labels or properties."""

    nodes: int = Field(examples=[0])
    edges: int = Field(examples=[0])
    wallets: int = Field(examples=[0])
    examples: list[str] = Field(description="Some of them.", examples=[["node :Note", "wallet 7: colour"]])


NOTHING_FOREIGN = ForeignContent(nodes=0, edges=0, wallets=0, examples=[])


class Reconciliation(BaseModel):
    """What a comparison found; after a `repair`, `equal` and both contents are those of a second one."""

    equal: bool
    repair: bool = Field(description="The graph was to be repaired.")
    differences: int = Field(description="Found before a repair, all of them.", examples=[0])
    first_differences: list[Difference] = Field(description=f"The first {MAX_LISTED} of them.")
    broken_references: list[BrokenReference] = Field(
        description="References in the record to rows that do not exist. A repair does not change the record."
    )
    label_comparison: LabelComparison = Field(
        description="`unconfirmed`: the graph says so itself, and no answer relies on them."
    )
    level_comparison: LabelComparison = Field(
        default="unconfirmed",
        description="Levels, flags and captions on wallets: `compared`, or `unconfirmed` as of no one run.",
        examples=["compared"],
    )
    foreign: ForeignContent = Field(
        default=NOTHING_FOREIGN,
        description="What other hands have added. No answer reads it, and a repair leaves it.",
    )
    record_content: StoreContent
    graph_content: StoreContent
    started_at: datetime
    seconds: float = Field(examples=[2.9])


_CONTENT = StoreContent(
    transfers=117,
    wallets=64,
    digest="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    asset_amounts={"ethereum:ETH": "1500000000000000000"},
)
RECONCILIATION = Reconciliation(
    equal=True,
    repair=False,
    differences=0,
    first_differences=[],
    broken_references=[],
    label_comparison="compared",
    record_content=_CONTENT,
    graph_content=_CONTENT,
    started_at=EXAMPLE_TIME,
    seconds=2.9,
)
