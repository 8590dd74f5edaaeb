"""Alerts and the wallets that are watched."""

from typing import Annotated, Final, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from app.alerts.listing import AlertFilter, change_alert, list_alerts, note_alert, read_alert_detail
from app.alerts.watched import Watch, unwatch, watch, watched_wallets
from app.answers.alerts import (
    ALERT,
    ALERT_DETAIL,
    ALERTS,
    WATCHED_WALLETS,
    Alert,
    AlertDetail,
    Alerts,
    WatchedWallets,
    WatchReport,
)
from app.answers.cursors import MAX_BIGINT, decode_cursor, encode_cursor
from app.answers.names import AlertOutcome, AlertStatus
from app.answers.vocabulary import refuse_unknown
from app.api.dependencies import AppServices
from app.api.list_cursor import Cursor
from app.api.params import DEFAULT_LIMIT, PLAIN_TEXT, WALLET_PATTERN, Limit, WithTotal
from app.api.responses import errors, example
from app.chains.wallet_reference import MAX_REFERENCE_LENGTH, normalise
from app.policy.policy import load_policy
from app.screening.subjects import AddressText, ChainText

router = APIRouter(tags=["alerts"])
AlertId = Annotated[int, Path(ge=1, le=MAX_BIGINT)]
_TEXT: Final = r"^[^\x00-\x1f\x7f-\x9f]+$"
Reference = Annotated[str | None, Field(default=None, min_length=1, max_length=200, pattern=_TEXT)]


class WatchRequest(BaseModel):
    """A wallet to watch."""

    model_config = ConfigDict(extra="forbid")
    chain: ChainText
    address: AddressText
    reference: Reference = Field(
        default=None, description="The caller's own; deleted with the watch.", examples=["deposit 4711"]
    )
    customer_reference: Reference = Field(default=None, examples=["customer 12"])


class WatchesRequest(BaseModel):
    """Wallets to watch; all or none are."""

    model_config = ConfigDict(extra="forbid")
    watched_wallets: list[WatchRequest] = Field(min_length=1, max_length=1_000)


Note = Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")]


class AlertChange(BaseModel):
    """What a person decided: it is closed with an outcome, or taken up or opened again, or only noted."""

    # One model, and its rule beside it: clients that are generated have one class for the body.
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "minProperties": 1,
            "if": {"properties": {"status": {"const": "closed"}}, "required": ["status"]},
            "then": {"required": ["status", "outcome"]},
            "else": {"properties": {"outcome": False}},
        },
    )
    status: AlertStatus | SkipJsonSchema[None] = Field(default=None, description="Left out: it stays.")
    outcome: AlertOutcome | SkipJsonSchema[None] = Field(default=None, description="Of a closed one.")
    note: Note | SkipJsonSchema[None] = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} is null: leave it out")
        if (self.status == "closed") != (self.outcome is not None):
            raise ValueError("an alert is closed with an outcome, and no other has one")
        if self.status is None and self.note is None:
            raise ValueError("name a status, or write a note")
        return self


class Unwatched(BaseModel):
    """How many there were."""

    removed: int = Field(examples=[1])


@router.get("/alerts", responses=example(200, ALERTS))
def list_all_alerts(
    services: AppServices,
    *,
    status: Annotated[AlertStatus | None, Query(description="Only alerts in this state.")] = None,
    rule: Annotated[
        str | None, Query(max_length=40, pattern=PLAIN_TEXT, description="Only alerts of this rule.")
    ] = None,
    wallet: Annotated[
        str | None,
        Query(
            max_length=MAX_REFERENCE_LENGTH,
            json_schema_extra={"pattern": WALLET_PATTERN},
            description="Only alerts of a wallet: an address, or `chain:address`.",
        ),
    ] = None,
    customer_reference: Annotated[str | None, Query(max_length=200, pattern=PLAIN_TEXT)] = None,
    retrospective: Annotated[bool | None, Query(description="Only such alerts, or only others.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> Alerts:
    """Alerts, newest first. `next` belongs to the same filters: send them again with it."""
    candidates = None if wallet is None else normalise(wallet)
    with services.postgres.transaction(snapshot=True) as connection:
        only = AlertFilter(
            status=status,
            rule=rule,
            chain=None if candidates is None else candidates[0].chain,
            addresses=None if candidates is None else [one.address for one in candidates],
            customer_reference=customer_reference,
            retrospective=retrospective,
        )
        alerts = list_alerts(connection, limit, cursor, only, with_total=with_total)
    rules = (each.name for each in load_policy(services.settings.policy_file).alerts)
    refuse_unknown(rule, rules, name="rule", what="rule of alerts", found=alerts.alerts)
    return alerts


@router.get("/alerts/{alert_id}", responses=example(200, ALERT_DETAIL) | errors(404))
def get_alert(services: AppServices, alert_id: AlertId) -> AlertDetail:
    """One alert with its causes, and the evidence as it was when it opened."""
    with services.postgres.transaction(snapshot=True) as connection:
        return read_alert_detail(connection, alert_id)


@router.patch("/alerts/{alert_id}", responses=example(200, ALERT) | errors(404, 409))
def update_alert(services: AppServices, alert_id: AlertId, change: AlertChange) -> Alert:
    """Sets an alert in review, closes it with an outcome, opens it again, or only writes a note."""
    with services.postgres.transaction() as connection:
        if change.status is None:
            return note_alert(connection, alert_id, change.note or "")
        return change_alert(connection, alert_id, change.status, change.outcome, change.note)


@router.post("/watched-wallets", responses=example(200, WatchReport(added=1, updated=0, unchanged=0)))
def watch_wallets(services: AppServices, request: WatchesRequest) -> WatchReport:
    """Watches wallets; of one that is watched already the references are replaced."""
    watches = [
        Watch(**each.model_dump(), origin=f"watched_wallets.{number}")
        for number, each in enumerate(request.watched_wallets)
    ]
    return services.postgres.run(lambda connection: watch(connection, watches))


@router.get("/watched-wallets", responses=example(200, WATCHED_WALLETS))
def list_watched_wallets(
    services: AppServices,
    *,
    customer_reference: Annotated[
        str | None, Query(max_length=200, pattern=PLAIN_TEXT, description="Only wallets of this customer.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> WatchedWallets:
    """Watched wallets by id, each with what was last judged of it, and by which run or screening."""
    after = None if cursor is None else _id_of(decode_cursor(cursor, 2))
    with services.postgres.transaction(snapshot=True) as connection:
        page, following = watched_wallets(connection, limit, after, customer_reference, with_total=with_total)
    return page if following is None else page.model_copy(update={"next": _cursor_of(following)})


@router.delete("/watched-wallets/{watched_id}", responses=example(200, Unwatched(removed=1)) | errors(404))
def unwatch_wallet(services: AppServices, watched_id: UUID) -> Unwatched:
    """Watches a wallet no longer; its references are deleted, its alerts stay."""
    with services.postgres.transaction() as connection:
        unwatch(connection, watched_id)
    return Unwatched(removed=1)


_HALF: Final = 1 << 64
_OFFSET: Final = 1 << 63


def _cursor_of(watched_id: UUID) -> str:
    return encode_cursor(watched_id.int // _HALF - _OFFSET, watched_id.int % _HALF - _OFFSET)


def _id_of(position: list[int]) -> UUID:
    high, low = (max(0, min(each + _OFFSET, _HALF - 1)) for each in position)
    return UUID(int=high * _HALF + low)
