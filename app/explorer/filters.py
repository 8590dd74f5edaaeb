"""Which transfers the explorer looks at, the same in every request."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.answers.values.moments import Moment

MAX_SHOWN = 500
"""Wallets of one picture."""


class TransferFilter(BaseModel):
    """Transfers of one asset, of a time, of at least so much; null is no filter."""

    model_config = ConfigDict(extra="forbid")
    asset: str | None = Field(
        default=None, min_length=1, max_length=100, description="As transfers write it."
    )
    since: Moment | None = Field(default=None, description="Only transfers from this time on.")
    until: Moment | None = Field(default=None, description="Only transfers before this time.")
    least_usd: str | None = Field(
        default=None,
        max_length=30,
        pattern=r"^[0-9]{1,18}(\.[0-9]{1,8})?$",
        description="Only transfers worth as much; without a price none is.",
        examples=["1000"],
    )

    def parameters(self) -> dict[str, Any]:
        """The parameters that the explorer's queries share."""
        return {
            "asset": self.asset,
            "since": self.since,
            "until": self.until,
            "least_usd": None if self.least_usd is None else float(self.least_usd),
        }
