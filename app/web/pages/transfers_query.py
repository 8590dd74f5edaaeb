"""The query string of a wallet's transfers: filters as the API names them, with days in UTC for times."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Self
from urllib.parse import urlencode

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.answers.names import TransferWay
from app.api.params import PLAIN_TEXT
from app.chains.wallet_reference import MAX_REFERENCE_LENGTH
from app.record.transfer_filter import WalletTransferFilter

Name = Annotated[str | None, Field(max_length=MAX_REFERENCE_LENGTH, pattern=PLAIN_TEXT)]
Least = Annotated[Decimal | None, Field(ge=0, max_digits=60)]


class TransfersQuery(BaseModel):
    """Which transfers a page lists; None is any. `from` and `to` are days in UTC, both of them included."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)
    way: TransferWay | None = None
    counterparty: Name = None
    asset: Name = None
    first_day: date | None = Field(default=None, alias="from")
    last_day: date | None = Field(default=None, alias="to", lt=date.max)
    least_usd: Least = None
    least_units: Least = None
    tag: Name = None

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """Reads a query string; an empty value is none.

        Raises:
            RequestValidationError: a value is none of its parameter.
        """
        try:
            return cls.model_validate(
                {name: value.strip() for name, value in parameters.items() if value.strip()}
            )
        except ValidationError as exc:
            raise RequestValidationError(
                [{**error, "loc": ("query", *error["loc"])} for error in exc.errors(include_context=False)]
            ) from exc

    @property
    def is_filtered(self) -> bool:
        """Whether anything is chosen."""
        return bool(self.model_dump(exclude_defaults=True))

    def only(self, counterparty_id: int | None) -> WalletTransferFilter:
        """The filter, with the wallet that the counterparty names."""
        until = None if self.last_day is None else self.last_day + timedelta(days=1)
        return WalletTransferFilter(
            way=self.way,
            counterparty_id=counterparty_id,
            asset=self.asset,
            since=_midnight(self.first_day),
            until=_midnight(until),
            least_usd=self.least_usd,
            least_units=self.least_units,
        )

    def text(self, **more: str) -> str:
        """The query string with the parameters in `more`."""
        used = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return urlencode({name: str(value) for name, value in used.items()} | more)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
