"""Scoring runs: starting, reading and cancelling them."""

from typing import Annotated

from fastapi import APIRouter, Body, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.answers.names import EngineRequest
from app.answers.runs import CANCELLED_RUN, RUN, RUNNING_RUN, RUNS, Run, Runs
from app.api.dependencies import AppServices, Services
from app.api.long_work import set_status
from app.api.params import Cursor, NoNullBody, RunId, WaitSeconds
from app.api.responses import errors, example
from app.errors import InUse
from app.operations.runs import start_scoring
from app.runs.cancel import cancel_run as request_cancellation
from app.runs.listing import one_run, run_of_key, runs

named = APIRouter(tags=["scoring runs"])
router = APIRouter(tags=["scoring runs"])


class RunRequest(BaseModel):
    """How to run; without a body the settings apply."""

    model_config = ConfigDict(extra="forbid")
    engine: EngineRequest | None = Field(
        default=None, description="Null: the setting `AML_ENGINE`.", examples=["auto"]
    )


_BY_SETTINGS = RunRequest()
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="A repeated request with the same key answers with the same run.",
        min_length=1,
        max_length=200,
        examples=["nightly-2026-01-05"],
    ),
]


@named.post(
    "/run-score",
    status_code=202,
    dependencies=[NoNullBody],
    responses=example(200, RUN) | example(202, RUNNING_RUN) | errors(409, 504),
)
def start_run(
    services: AppServices,
    response: Response,
    wait_seconds: WaitSeconds,
    request: Annotated[RunRequest, Body()] = _BY_SETTINGS,
    idempotency_key: IdempotencyKey = None,
) -> Run:
    """Starts a scoring run; the scores of the previous run are served until it is published.

    Answers 202 with the run, or, with `Prefer: wait=N`, 200 when it has ended in time. A repeated request
    with the same `Idempotency-Key` starts nothing and answers with the current state of the first run.
    """
    if (run := _run_of_key(services, response, idempotency_key)) is not None:
        return run
    try:
        run_id, operation = start_scoring(
            services.operations,
            services.postgres,
            services.graph,
            services.settings,
            engine=request.engine,
            idempotency_key=idempotency_key,
        )
    except InUse:
        # The same request may have arrived twice at once, and the other one was first.
        if (run := _run_of_key(services, response, idempotency_key)) is not None:
            return run
        raise
    set_status(response, operation, f"/v1/runs/{run_id}", wait_seconds)
    with services.postgres.transaction() as connection:
        return one_run(connection, run_id)


@router.get("/runs", responses=example(200, RUNS))
def list_runs(
    services: AppServices,
    limit: Annotated[int, Query(ge=1, le=100, description="Runs on one page.")] = 20,
    cursor: Cursor = None,
) -> Runs:
    """All scoring runs, newest first, failed ones too."""
    with services.postgres.transaction() as connection:
        return runs(connection, limit, cursor)


@router.get("/runs/{run_id}", responses=example(200, RUN) | errors(404))
def get_run(services: AppServices, run_id: RunId) -> Run:
    """One scoring run and its progress."""
    with services.postgres.transaction() as connection:
        return one_run(connection, run_id)


@router.post(
    "/runs/{run_id}/cancel",
    status_code=202,
    responses=example(200, CANCELLED_RUN) | example(202, RUNNING_RUN) | errors(404, 409),
)
def cancel_run(services: AppServices, response: Response, run_id: RunId) -> Run:
    """Cancels a run at its next step; it publishes nothing. 200 when it has ended, else 202."""
    request_cancellation(services.postgres, run_id)
    return _current_run(services, response, run_id)


def _run_of_key(services: Services, response: Response, idempotency_key: str | None) -> Run | None:
    if idempotency_key is None:
        return None
    with services.postgres.transaction() as connection:
        run_id = run_of_key(connection, idempotency_key)
    return None if run_id is None else _current_run(services, response, run_id)


def _current_run(services: Services, response: Response, run_id: int) -> Run:
    with services.postgres.transaction() as connection:
        run = one_run(connection, run_id)
    response.headers["Location"] = f"/v1/runs/{run_id}"
    response.status_code = 202 if run.status == "running" else 200
    return run
