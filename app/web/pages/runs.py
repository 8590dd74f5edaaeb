"""The pages of scoring runs: start, watch, verify, cancel and compare them."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.dependencies import AppServices
from app.api.params import PageCursor, RunId, RunQuery
from app.api.sharing.waiting import ended_within
from app.operations.runs import start_scoring
from app.operations.verify import DIFF_SECONDS, start_diff, start_verification
from app.policy.conditions import LEVELS
from app.runs.board.listing import level_counts
from app.runs.cancel import cancel_run
from app.runs.compute import EngineChoice
from app.runs.listing import previous_run, run_answer, runs
from app.runs.queries import run_row
from app.web.templating import is_fragment, page
from app.web.titles import titles

router = APIRouter()
RUNS_PER_PAGE = 25


@router.get("/runs")
def runs_page(request: Request, services: AppServices, cursor: PageCursor = None) -> Response:
    """All runs, newest first, with the form that starts one."""
    with services.postgres.transaction(snapshot=True) as connection:
        answer = runs(connection, RUNS_PER_PAGE, cursor)
    return page(
        request,
        "runs/list.html",
        runs=answer.runs,
        next_cursor=answer.next,
        is_first=cursor is None,
        running=next((run for run in answer.runs if run.status == "running"), None),
        completed=[run.run_id for run in answer.runs if run.status == "completed" and run.pruned_at is None],
        engine=services.settings.engine,
    )


@router.post("/runs")
def start(services: AppServices, engine: Annotated[EngineChoice | None, Form()] = None) -> Response:
    """Starts a run and shows it."""
    run_id, _ = start_scoring(
        services.operations, services.postgres, services.graph, services.settings, engine=engine
    )
    return RedirectResponse(f"/runs/{run_id}", 303)


@router.get("/runs/compare")
def compare(a: Annotated[int, RunQuery], b: Annotated[int, RunQuery]) -> Response:
    """Redirects from the form that chooses two runs to their comparison."""
    return RedirectResponse(f"/runs/{a}/diff/{b}", 303)


@router.get("/runs/{run_id}")
def run_page(request: Request, services: AppServices, run_id: RunId) -> Response:
    """One run; while it runs, a browser with scripts refreshes its progress."""
    with services.postgres.transaction(snapshot=True) as connection:
        row = run_row(connection, run_id)
        counts = level_counts(connection, run_id)
        previous = previous_run(connection, run_id)
    run = run_answer(row)
    if is_fragment(request):
        if run.status == "running":
            return page(request, "runs/progress.html", run=run)
        return Response(headers={"HX-Refresh": "true"})
    levels = {name: counts.get(name, 0) for name in reversed(LEVELS)}
    return page(request, "runs/run.html", run=run, policy=row.policy_body, counts=levels, previous=previous)


@router.post("/runs/{run_id}/cancel")
def cancel(services: AppServices, run_id: RunId) -> Response:
    """Requests that a run ends at its next step."""
    cancel_run(services.postgres, run_id)
    return RedirectResponse(f"/runs/{run_id}", 303)


@router.post("/runs/{run_id}/verify")
def verify(services: AppServices, run_id: RunId) -> Response:
    """Starts a verification of the run and shows its progress."""
    operation = start_verification(services.operations, services.postgres, run_id)
    return RedirectResponse(f"/operations/{operation.operation_id}", 303)


@router.get("/runs/{a}/diff/{b}")
async def diff(
    request: Request, services: AppServices, a: RunId, b: RunId, cursor: PageCursor = None
) -> Response:
    """The wallets whose score changed between two runs, and why."""
    operation = await run_in_threadpool(start_diff, services.operations, services.postgres, a, b)
    if operation is not None and not await ended_within(operation, DIFF_SECONDS):
        return RedirectResponse(f"/operations/{operation.operation_id}", 303)
    from app.verify.diff_lists import run_diff  # noqa: PLC0415 - loads a compiler

    def made() -> Response:
        difference = run_diff(services.postgres, a, b, RUNS_PER_PAGE, cursor)
        names = titles([each.wallet for each in difference.changes], [])
        return page(request, "runs/diff.html", diff=difference, is_first=not cursor, **names)

    return await run_in_threadpool(made)
