"""The query string of the board: filters and order, as the API names them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Self
from urllib.parse import parse_qsl, urlencode

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.answers.cursors import MAX_BIGINT
from app.api.params import PLAIN_TEXT
from app.chains.wallet_reference import MAX_REFERENCE_LENGTH
from app.domain import Direction
from app.policy.conditions import Level
from app.runs.board.filters import Order, ScoreFilter, Sort

EARLIER_NAMES = {"level": "risk_level", "run": "run_id"}
"""Of query strings that were kept before they had the API's names."""


def _day(value: object) -> object:
    """A form has a day; a time with its offset is taken for its day in UTC."""
    if isinstance(value, str) and "T" in value.upper():
        return datetime.fromisoformat(value.upper()).astimezone(UTC).date()
    return value


Name = Annotated[str | None, Field(max_length=MAX_REFERENCE_LENGTH, pattern=PLAIN_TEXT)]
Day = Annotated[date | None, BeforeValidator(_day)]


class BoardQuery(BaseModel):
    """What the board lists; None means any. `from` and `to` are days in UTC, both of them included."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)
    risk_level: Level | None = None
    category: Name = None
    direction: Direction | None = None
    flag: Name = None
    chain: Name = None
    asset: Name = None
    crime_usd_at_least: Annotated[Decimal | None, Field(ge=0, max_digits=15, decimal_places=2)] = None
    first_day: Day = Field(default=None, alias="from")
    last_day: Day = Field(default=None, alias="to")
    run_id: Annotated[int | None, Field(ge=1, le=MAX_BIGINT)] = None
    sort: Sort = "risk_level"
    order: Order = "desc"

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """Reads a query string; an empty value is none, and names of before are understood.

        Raises:
            RequestValidationError: a value is none of its parameter.
        """
        filled = {EARLIER_NAMES.get(name, name): value for name, value in parameters.items() if value.strip()}
        try:
            return cls.model_validate(filled)
        except ValidationError as exc:
            raise RequestValidationError(
                [{**error, "loc": ("query", *error["loc"])} for error in exc.errors(include_context=False)]
            ) from exc

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Reads a query string that is itself a parameter.

        Raises:
            RequestValidationError: as `of`.
        """
        return cls.of(dict(parse_qsl(text)))

    @property
    def only(self) -> ScoreFilter:
        """Which wallets are listed."""
        return ScoreFilter(
            level=self.risk_level,
            category=self.category,
            direction=self.direction,
            flag=self.flag,
            chain=self.chain,
            asset=self.asset,
            crime_usd=self.crime_usd_at_least,
            since=_midnight(self.first_day),
            until=None if self.last_day is None else _midnight(self.last_day + timedelta(days=1)),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the order is chosen."""
        return bool(self.in_use().keys() - {"sort", "order"})

    def in_use(self) -> dict[str, str]:
        """The parameters that are not as they are without any."""
        return {
            name: str(value)
            for name, value in self.model_dump(mode="json", by_alias=True, exclude_defaults=True).items()
        }

    def text(self, **changes: Any) -> str:  # noqa: ANN401 - of any parameter
        """The query string with these changes; None takes a parameter away."""
        changed = self.model_copy(update=changes)
        return urlencode(changed.in_use())

    def api_text(self) -> str:
        """The query string that gives the same list from the API."""
        names = self.in_use() | {"sort": self.sort, "order": self.order}
        only = self.only
        for name, moment in (("from", only.since), ("to", only.until)):
            if moment is not None:
                names[name] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        return urlencode(names)

    def sorted_by(self, sort: Sort) -> str:
        """The query string that sorts by a column: the highest first, or the lowest if it is so already."""
        is_turned = self.sort == sort and self.order == "desc"
        return self.text(sort=sort, order="asc" if is_turned else "desc")


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
