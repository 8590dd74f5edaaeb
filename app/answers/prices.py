"""Values and prices that a run did not use, as answers."""

import datetime as dt

from pydantic import Field

from app.answers.base import Answer


class UnusedPrice(Answer):
    """A transfer's value, or an imported price, further than ten times from the median of asset and day."""

    chain: str = Field(examples=["ethereum"])
    asset: str = Field(examples=["ETH"])
    day: dt.date = Field(description="In UTC.")
    price: str = Field(description="USD of one unit.", examples=["2e+28"])
    median: str = Field(description="Of the day; what the price is too far from.", examples=["3057.12"])
    source: str | None = Field(description="Of an imported price; null: a transfer's own value.")
    transaction_hash: str | None = Field(description="Null: an imported price.")
    transfer_index: int | None = Field(examples=[0])
    amount: str | None = Field(examples=["5"])
    decimals: int | None = Field(examples=[18])
    usd_value: str | None = Field(description="As the transfer came.", examples=["100000000000"])


class UnusedPrices(Answer):
    """A page of what a run did not use."""

    run_id: int = Field(examples=[3])
    prices: list[UnusedPrice]
    next: str | None = None
    total: int = Field(examples=[1])


UNUSED_PRICES = UnusedPrices(
    run_id=3,
    prices=[
        UnusedPrice(
            chain="ethereum",
            asset="ETH",
            day=dt.date(2026, 1, 5),
            price="2e+28",
            median="3057.12",
            source=None,
            transaction_hash="0x" + f"{1:064x}",
            transfer_index=0,
            amount="5",
            decimals=18,
            usd_value="100000000000",
        )
    ],
    total=1,
)
