"""What assets are called, as answers: symbols are claims, and a title says which contract makes the claim."""

from pydantic import Field

from app.answers.base import Answer


class AssetName(Answer):
    """An asset of the answer as the registry calls it; `title` is how pages write it."""

    chain: str = Field(examples=["ethereum"])
    asset: str = Field(examples=["0xdac17f958d2ee523a2206206994597c13d831ec7"])
    symbol: str | None = Field(description="Null: nobody says one.", examples=["USDT"])
    name: str | None = Field(examples=["Tether USD"])
    name_source: str | None = Field(description="Who says so.", examples=["a token list"])
    decimals: int | None = Field(examples=[6])
    known: bool = Field(description="Native, or registered: its money counts.")
    title: str = Field(
        description="The symbol; with the contract in short where it is not known or another says the same.",
        examples=["USDT"],
    )


def short(text: str) -> str:
    """An address or hash by its first and last characters."""
    return text if len(text) <= _SHORT else f"{text[:8]}…{text[-6:]}"


_SHORT = 18
EXAMPLE_ASSET = AssetName(
    chain="ethereum",
    asset="ETH",
    symbol="ETH",
    name=None,
    name_source=None,
    decimals=None,
    known=True,
    title="ETH",
)
