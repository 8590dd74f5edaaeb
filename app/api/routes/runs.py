"""Scoring runs: starting, reading and cancelling them."""

import asyncio
from functools import partial
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row
from starlette.concurrency import run_in_threadpool

from app.answers.names import EngineRequest, RunStatus
from app.answers.prices import UNUSED_PRICES, UnusedPrices
from app.answers.runs import CANCELLED_RUN, RUN, RUNNING_RUN, RUNS, Run, Runs
from app.api.dependencies import AppServices, Services
from app.api.idempotency import KEY_HEADER, IdempotencyKey, KeyedRequest, digest_of
from app.api.list_cursor import Cursor
from app.api.long_work import set_status
from app.api.params import (
    DEFAULT_LIMIT,
    Limit,
    NoNullBody,
    RunId,
    Since,
    Until,
    WaitSeconds,
    WithTotal,
)
from app.api.responses import errors, example
from app.errors import InUse, KeyReused
from app.operations.runs import start_scoring
from app.operations.unused_prices import unused_prices
from app.runs.cancel import cancel_run as request_cancellation
from app.runs.listing import RunFilter, one_run, run_of_key, running_run, runs

named = APIRouter(tags=["scoring runs"])
router = APIRouter(tags=["scoring runs"])


class RunRequest(BaseModel):
    """How to run; without a body the settings apply."""

    model_config = ConfigDict(extra="forbid")
    engine: EngineRequest | None = Field(
        default=None, description="Null: the setting `AML_ENGINE`.", examples=["auto"]
    )


_BY_SETTINGS = RunRequest()
RETRY_SECONDS: Final = 0.25
STARTING_SECONDS = 30.0
"""How long a request waits for the row of a run that another request with its key is starting."""


@named.post(
    "/run-score",
    status_code=202,
    dependencies=[NoNullBody],
    responses=example(200, RUN) | example(202, RUNNING_RUN) | errors(409, 504),
)
async def start_run(
    services: AppServices,
    response: Response,
    wait_seconds: WaitSeconds,
    request: Annotated[RunRequest, Body()] = _BY_SETTINGS,
    idempotency_key: IdempotencyKey = None,
) -> Run:
    """Starts a scoring run; the scores of the previous run are served until it is published.

    Answers 202 with the run, or, with `Prefer: wait=N`, 200 when it has ended in time. A repeated request
    with the same `Idempotency-Key` starts nothing, waits likewise, and answers with the first one's run.
    """
    keyed = None if idempotency_key is None else KeyedRequest(idempotency_key, digest_of(request))
    deadline = monotonic() + STARTING_SECONDS
    while True:
        if keyed is not None and (earlier := await _run_of_key(services, keyed)) is not None:
            return await _current_run(services, response, earlier, wait_seconds)
        try:
            run_id, operation = await run_in_threadpool(
                start_scoring,
                services.operations,
                services.postgres,
                services.graph,
                services.settings,
                engine=request.engine,
                idempotency_key=idempotency_key,
                request_digest=None if keyed is None else keyed.digest,
            )
        except InUse:
            if keyed is None:
                raise
            # The other one may be of the same key: it has the lock, and its row comes.
            other = await run_in_threadpool(_running_run, services)
            if other is not None and await _run_of_key(services, keyed) != other:
                raise
            if monotonic() > deadline:
                raise
            await asyncio.sleep(RETRY_SECONDS)
        else:
            break
    await set_status(response, operation, f"/v1/runs/{run_id}", wait_seconds)
    return await run_in_threadpool(_run, services, run_id)


@router.get("/runs", responses=example(200, RUNS))
def list_runs(
    services: AppServices,
    *,
    status: Annotated[RunStatus | None, Query(description="Only runs in this state.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> Runs:
    """All scoring runs, newest first, failed ones too; `from` and `to` are of their start.

    `next` belongs to the same filters: send them again with it.
    """
    only = RunFilter(status=status, since=since, until=until)
    with services.postgres.transaction(snapshot=True) as connection:
        return runs(connection, limit, cursor, only=only, with_total=with_total)


@router.get("/runs/{run_id}/unused-prices", responses=example(200, UNUSED_PRICES) | errors(404, 409))
def list_unused_prices(
    services: AppServices, run_id: RunId, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> UnusedPrices:
    """Values of transfers, and imported prices, that the run did not use: too far from their day's median."""
    with services.postgres.transaction() as connection:
        return unused_prices(connection, run_id, limit, cursor)


@router.get("/runs/{run_id}", responses=example(200, RUN) | errors(404))
def get_run(services: AppServices, run_id: RunId) -> Run:
    """One scoring run and its progress."""
    return _run(services, run_id)


@router.post(
    "/runs/{run_id}/cancel",
    status_code=202,
    responses=example(200, CANCELLED_RUN) | example(202, RUNNING_RUN) | errors(404, 409),
)
async def cancel_run(services: AppServices, response: Response, run_id: RunId) -> Run:
    """Cancels a run at its next step; it publishes nothing. 200 when it has ended, else 202."""
    await run_in_threadpool(request_cancellation, services.postgres, run_id)
    return await _current_run(services, response, run_id)


def _run(services: Services, run_id: int) -> Run:
    with services.postgres.transaction() as connection:
        return one_run(connection, run_id)


async def _run_of_key(services: Services, keyed: KeyedRequest) -> int | None:
    """The run that was started with that key.

    Raises:
        KeyReused: by another request.
    """
    row = await run_in_threadpool(_row_of_key, services, keyed.key)
    if row is None:
        return None
    if row.request_digest not in {None, keyed.digest}:
        message = f"This Idempotency-Key is that of run {row.run_id}, which had another body."
        raise KeyReused(message, name=KEY_HEADER)
    return int(row.run_id)


def _row_of_key(services: Services, key: str) -> Row[Any] | None:
    with services.postgres.transaction() as connection:
        return run_of_key(connection, key)


def _running_run(services: Services) -> int | None:
    with services.postgres.transaction() as connection:
        return running_run(connection)


async def _current_run(services: Services, response: Response, run_id: int, wait_seconds: int = 0) -> Run:
    """A run that was started before, after waiting for its end in whatever process."""
    run = await services.waiting.until(
        f"run {run_id}", partial(_run, services, run_id), lambda run: run.status != "running", wait_seconds
    )
    response.headers["Location"] = f"/v1/runs/{run_id}"
    if wait_seconds:
        response.headers["Preference-Applied"] = f"wait={wait_seconds}"
    response.status_code = 202 if run.status == "running" else 200
    return run
