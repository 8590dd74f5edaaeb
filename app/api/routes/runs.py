"""Scoring runs: starting one, and looking at them."""

from typing import Annotated

from fastapi import APIRouter, Body, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.answers.runs import CANCELLED_RUN, RUN, RUNNING_RUN, RUNS, Run, Runs
from app.api.dependencies import Services, Use
from app.api.long_work import answer_when_done
from app.api.params import Cursor, RunId, WaitSeconds
from app.api.problems import documented
from app.api.responses import answers
from app.errors import InUse
from app.operations.runs import start_scoring
from app.runs.cancel import cancel_run
from app.runs.compute import EngineChoice
from app.runs.listing import one_run, run_of_key, runs

start = APIRouter(tags=["scoring runs"])
router = APIRouter(tags=["scoring runs"])


class RunRequest(BaseModel):
    """How to run; without a body the settings decide."""

    model_config = ConfigDict(extra="forbid")
    engine: EngineChoice | None = Field(
        default=None, description="Null: the setting `AML_ENGINE`.", examples=["auto"]
    )


IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Asking again with the same key answers with the same run.",
        min_length=1,
        max_length=200,
        examples=["nightly-2026-01-05"],
    ),
]


@start.post(
    "/run-score",
    status_code=202,
    responses=answers(200, RUN) | answers(202, RUNNING_RUN) | documented(401, 403, 409, 413, 422, 503),
)
def run_score(
    use: Use,
    response: Response,
    wait_seconds: WaitSeconds,
    request: Annotated[RunRequest | None, Body()] = None,
    idempotency_key: IdempotencyKey = None,
) -> Run:
    """Starts a scoring run; the scores of the run before answer until it is published.

    Answers 202 with the run to look at, or, with `Prefer: wait=N`, 200 when it has ended in time. Asking
    again with the same `Idempotency-Key` starts nothing and answers with the run it started, as it is now.
    """
    if (known := _run_of_key(use, response, idempotency_key)) is not None:
        return known
    try:
        run_id, operation = start_scoring(
            use.operations,
            use.postgres,
            use.graph,
            use.settings,
            engine=request.engine if request else None,
            idempotency_key=idempotency_key,
        )
    except InUse:
        # The same request may have come twice at one moment, and the other one was first.
        if (known := _run_of_key(use, response, idempotency_key)) is not None:
            return known
        raise
    answer_when_done(response, operation, f"/v1/runs/{run_id}", wait_seconds)
    with use.postgres.transaction() as connection:
        return one_run(connection, run_id)


@router.get("/runs", responses=answers(200, RUNS) | documented(401, 422, 503))
def get_runs(
    use: Use,
    limit: Annotated[int, Query(ge=1, le=100, description="Runs on one page.")] = 20,
    cursor: Cursor = None,
) -> Runs:
    """All scoring runs, newest first, failed ones too."""
    with use.postgres.transaction() as connection:
        return runs(connection, limit, cursor)


@router.get("/runs/{run_id}", responses=answers(200, RUN) | documented(401, 404, 422, 503))
def get_run(use: Use, run_id: RunId) -> Run:
    """One scoring run and how far it is."""
    with use.postgres.transaction() as connection:
        return one_run(connection, run_id)


@router.post(
    "/runs/{run_id}/cancel",
    status_code=202,
    responses=answers(200, CANCELLED_RUN)
    | answers(202, RUNNING_RUN)
    | documented(401, 403, 404, 409, 422, 503),
)
def cancel(use: Use, response: Response, run_id: RunId) -> Run:
    """Asks a run to end at its next step, and publishes nothing of it; 200 when it has ended, else 202."""
    cancel_run(use.postgres, run_id)
    return _as_it_is(use, response, run_id)


def _run_of_key(use: Services, response: Response, idempotency_key: str | None) -> Run | None:
    if idempotency_key is None:
        return None
    with use.postgres.transaction() as connection:
        run_id = run_of_key(connection, idempotency_key)
    return None if run_id is None else _as_it_is(use, response, run_id)


def _as_it_is(use: Services, response: Response, run_id: int) -> Run:
    with use.postgres.transaction() as connection:
        run = one_run(connection, run_id)
    response.headers["Location"] = f"/v1/runs/{run_id}"
    response.status_code = 202 if run.status == "running" else 200
    return run
