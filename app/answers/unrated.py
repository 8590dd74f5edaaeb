"""How much of a run is unrated, why, and whom to label."""

from pydantic import Field

from app.answers.base import MIDDLE_WALLET, Answer, WalletName
from app.answers.names import UnratedKind

UNRATED_NAMES = {
    "beyond_hop_limit": "beyond the hop limit",
    "unobserved_origin": "unseen",
    "never_labelled": "never labelled",
}
"""Names for people."""


class UnratedReason(Answer):
    """Unrated wallets of one reason.

    Most of what they received is beyond the hop limit, or was not seen to arrive at who sent it
    (`unobserved_origin`); or they received nothing that was seen, and no label names them (`never_labelled`).
    """

    kind: UnratedKind
    wallets: int = Field(examples=[120])
    usd: str = Field(description="What they received and sent.", examples=["52000.00"])
    share: float = Field(description="Of what all scored wallets received and sent.", examples=[0.08])


class LabelNext(Answer):
    """An unlabelled wallet that paid unrated ones directly, and how many its label would rate."""

    wallet: WalletName
    wallets: int = Field(
        description="Wallets that would have a known origin; those behind them are not counted.",
        examples=[40],
    )
    usd: str = Field(description="What it paid them.", examples=["18000.00"])


class UnratedWallets(Answer):
    """How much of a run is unrated and why, and which labels would change most."""

    run_id: int = Field(examples=[3])
    wallets: int = Field(examples=[150])
    scored_wallets: int = Field(examples=[2000])
    share: float = Field(description="Of what all scored wallets received and sent, in USD.", examples=[0.1])
    reasons: list[UnratedReason]
    label_next: list[LabelNext] = Field(description="At most 20; the most useful one first.")


UNRATED = UnratedWallets(
    run_id=3,
    wallets=150,
    scored_wallets=2_000,
    share=0.1,
    reasons=[UnratedReason(kind="beyond_hop_limit", wallets=150, usd="52000.00", share=0.1)],
    label_next=[LabelNext(wallet=MIDDLE_WALLET, wallets=40, usd="18000.00")],
)
