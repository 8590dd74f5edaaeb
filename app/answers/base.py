"""The base of all answers, the name of a wallet, and the wallets of all examples."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

TOTAL = "All entries, where the request asked for them (`total=true`); else null."
"""Describes the field `total` of lists."""


class Answer(BaseModel):
    """Base of every answer: immutable."""

    model_config = ConfigDict(frozen=True)


class WalletName(Answer):
    """One address on one chain, and what its best label calls it."""

    chain: str = Field(examples=["ethereum"])
    address: str = Field(examples=["0x00000000000000000000000000000000000000aa"])
    name: str | None = Field(default=None, description="Null: no label names it.", examples=["Example mixer"])
    name_source: str | None = Field(default=None, description="Who says so.", examples=["tagpack"])

    def __str__(self) -> str:
        return f"{self.chain}:{self.address}"


EXAMPLE_TIME = datetime(2026, 1, 5, 12, 0, 11, tzinfo=UTC)
"""The examples of all answers are of one wallet with a mixer two hops away, at this time."""
WALLET = WalletName(chain="ethereum", address="0x" + "aa" * 20)
MIDDLE_WALLET = WalletName(chain="ethereum", address="0x" + "bb" * 20)
MIXER_WALLET = WalletName(chain="ethereum", address="0x" + "cc" * 20)
