"""Screenings: may I take this deposit, may I send there, what is known of this wallet now."""

from collections import deque
from contextlib import nullcontext
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from app.answers.cursors import MAX_BIGINT
from app.answers.names import RiskLevel, ScreeningCause, ScreeningRequestFrom, ScreeningStatus
from app.answers.screenings import (
    FORGOTTEN,
    PENDING,
    SCREENING,
    SCREENING_LIST,
    SCREENINGS,
    VERIFICATION,
    ForgottenReference,
    Screening,
    ScreeningList,
    Screenings,
    ScreeningVerification,
)
from app.answers.vocabulary import refuse_unknown
from app.api.dependencies import AppServices, Services
from app.api.idempotency import IdempotencyKey, digest_of
from app.api.list_cursor import Cursor
from app.api.params import (
    DEFAULT_LIMIT,
    PLAIN_TEXT,
    WALLET_PATTERN,
    Limit,
    Since,
    Until,
    WaitSeconds,
    WithTotal,
)
from app.api.responses import errors, example
from app.api.sharing.waiting import MAX_READ_WAIT_SECONDS
from app.api.turns import HeavyWork
from app.chains.wallet_reference import normalise
from app.errors import NotFound
from app.policy.policy import load_policy
from app.screening import store
from app.screening.request_keys import RequestKey
from app.screening.store import ScreeningFilter
from app.screening.subjects import MAX_SUBJECTS, ReferenceText, Subject

router = APIRouter(tags=["screenings"])
MAX_WAIT_SECONDS: Final = MAX_READ_WAIT_SECONDS
"""Who waits for a deposit can ask again."""
FEW_SUBJECTS: Final = 20
"""Screened at once, without a turn: somebody waits for a decision."""
ScreeningId = Annotated[int, Path(ge=1, le=MAX_BIGINT)]


class ScreeningRequest(BaseModel):
    """What is to be screened; each subject is answered by itself."""

    model_config = ConfigDict(extra="forbid")
    subjects: list[Subject] = Field(
        min_length=1,
        max_length=MAX_SUBJECTS,
        examples=[[{"type": "wallet", "address": "0x" + "aa" * 20, "customer_reference": "customer 12"}]],
    )
    computed_by: ScreeningRequestFrom = Field(
        default="auto",
        description="`auto`: the published run, and paths of the graph where something came after it."
        " `ledger` reads the whole record.",
    )


@router.post(
    "/screenings",
    response_model=Screenings,
    responses=example(200, SCREENINGS) | example(202, Screenings(screenings=[PENDING])),
)
async def screen_subjects(
    services: AppServices,
    request: ScreeningRequest,
    wait_seconds: WaitSeconds,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Screens up to 1,000 wallets, deposits and payments, and records each screening with a number.

    What is no address is `refused` with its reason, and the other subjects are answered. Answers 202 while a
    deposit has not been seen: `GET /v1/screenings/{id}` answers it then; `Prefer: wait=N` waits for it, for
    8 seconds at most. A repeated request with the same `Idempotency-Key` records nothing, and answers with
    the first one's screenings.
    """
    key = None if idempotency_key is None else RequestKey(idempotency_key, digest_of(request))
    screen = partial(
        services.screener.screen,
        request.subjects,
        cause="request" if len(request.subjects) == 1 else "batch",
        source=request.computed_by,
        key=key,
    )
    wait_seconds = min(wait_seconds, MAX_WAIT_SECONDS)

    def screened() -> tuple[list[Screening], Response]:
        found = screen()
        return found, _answer_of(found, wait_seconds)

    async with services.batches if len(request.subjects) > FEW_SUBJECTS else nullcontext():
        screenings, answer = await run_in_threadpool(screened)
    if not wait_seconds or answer.status_code == HTTPStatus.OK:
        return answer
    screenings = await _waited(services, screenings, wait_seconds)
    return await run_in_threadpool(_answer_of, screenings, wait_seconds)


@router.get("/screenings", responses=example(200, SCREENING_LIST))
def list_screenings(
    services: AppServices,
    *,
    wallet: Annotated[
        str | None,
        Query(
            max_length=200,
            json_schema_extra={"pattern": WALLET_PATTERN},
            description="Only of an address, or of `chain:address`.",
        ),
    ] = None,
    status: Annotated[ScreeningStatus | None, Query(description="Only in this state.")] = None,
    risk_level: Annotated[RiskLevel | None, Query(description="Only of this risk level.")] = None,
    flag: Annotated[
        str | None, Query(max_length=40, pattern=PLAIN_TEXT, description="Only with this flag.")
    ] = None,
    cause: Annotated[ScreeningCause | None, Query(description="Only for this cause.")] = None,
    customer_reference: Annotated[
        ReferenceText | None, Query(description="Only with this reference, where it was not erased.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> ScreeningList:
    """Screenings, newest first; `next` belongs to the same filters: send them again with it."""
    candidates = None if wallet is None else normalise(wallet)
    only = ScreeningFilter(
        wallet_chain=None if candidates is None else candidates[0].chain,
        addresses=None if candidates is None else [one.address for one in candidates],
        status=status,
        risk_level=risk_level,
        flag=flag,
        cause=cause,
        customer_reference=customer_reference,
        since=since,
        until=until,
    )
    with services.postgres.transaction(snapshot=True) as connection:
        listed = store.page(connection, only, limit, cursor, with_total=with_total)
    flags = load_policy(services.settings.policy_file).flags
    refuse_unknown(flag, flags, name="flag", what="flag", found=listed.screenings)
    return listed


@router.get(
    "/screenings/{screening_id}",
    response_model=Screening,
    responses=example(200, SCREENING) | example(202, PENDING) | errors(404),
)
async def get_screening(
    services: AppServices, screening_id: ScreeningId, wait_seconds: WaitSeconds
) -> Response:
    """One screening as it was answered; a deposit that was not seen then is answered when it has arrived.

    A deposit that was retracted after its answer says so from then on.
    """
    wait_seconds = min(wait_seconds, MAX_WAIT_SECONDS)
    screening = await services.waiting.until(
        f"screening {screening_id}",
        partial(services.screener.answered, screening_id),
        lambda screening: screening.status != "pending",
        wait_seconds,
    )
    return _answer(screening, [screening], wait_seconds)


@router.post(
    "/screenings/{screening_id}/verify",
    dependencies=[HeavyWork],
    responses=example(200, VERIFICATION) | errors(404),
)
def verify_screening(services: AppServices, screening_id: ScreeningId) -> ScreeningVerification:
    """Computes a screening again from the record and what it names, and says what differs.

    It accounts all transfers up to the screening's batch, so it takes as long as a verification of a run.
    """
    return services.screener.verify(screening_id)


@router.delete("/screening-references/{reference_id}", responses=example(200, FORGOTTEN) | errors(404))
def forget_reference(
    services: AppServices, reference_id: Annotated[UUID, Path(description="Of a screening.")]
) -> ForgottenReference:
    """Erases the caller's references under this random id; the screenings stay, and name nobody."""
    gone = services.postgres.run(lambda connection: store.forget(connection, reference_id=reference_id))
    if not gone:
        raise NotFound(f"There are no references {reference_id}, or they were erased.")
    return gone[0]


async def _waited(services: Services, screenings: list[Screening], seconds: float) -> list[Screening]:
    """The screenings, when the pending ones are answered or the time is over."""
    pending = deque(one.screening_id for one in screenings if one.status == "pending")
    answered: dict[int, Screening] = {}

    def look() -> bool:
        """Looks at the next few that are pending; whether there is none."""
        for _ in range(min(len(pending), FEW_SUBJECTS)):
            one = services.screener.answered(pending.popleft())
            if one.status == "pending":
                pending.append(one.screening_id)
            else:
                answered[one.screening_id] = one
        return not pending

    await services.waiting.until(f"screenings {list(pending)}", look, bool, seconds)
    return [answered.get(one.screening_id, one) for one in screenings]


def _answer_of(screenings: list[Screening], wait_seconds: int) -> Response:
    return _answer(Screenings(screenings=screenings), screenings, wait_seconds)


def _answer(body: BaseModel, screenings: list[Screening], wait_seconds: int) -> Response:
    """Without validating what was just made; a screening is large."""
    is_pending = any(one.status == "pending" for one in screenings)
    headers: dict[str, Any] = {"Preference-Applied": f"wait={wait_seconds}"} if wait_seconds else {}
    if is_pending:
        first = next(one for one in screenings if one.status == "pending")
        headers |= {"Location": f"/v1/screenings/{first.screening_id}", "Retry-After": "1"}
    return Response(
        body.model_dump_json(), 202 if is_pending else 200, headers, media_type="application/json"
    )
