"""The leaderboard: the wallets with the highest scores of a run, filtered, a page at a time."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.api.dependencies import Use
from app.domain import Direction
from app.errors import NotReady
from app.ledger.cells import RESIDUALS
from app.policy.policy import LEVELS, Level
from app.runs.listing import Only, level_counts, runs, top_scores
from app.runs.queries import completed_run
from app.runs.stored_answer import policy_of
from app.web.drawing.palette import palette
from app.web.templating import page

router = APIRouter()
ON_A_PAGE = 50
RUNS_TO_CHOOSE_FROM = 50


@router.get("/")
def leaderboard(
    request: Request,
    use: Use,
    *,
    run: Annotated[Literal[""] | Annotated[int, Query(ge=1, le=2**63 - 1)], Query()] = "",
    level: Annotated[Level | Literal[""], Query()] = "",
    category: Annotated[str, Query(max_length=40)] = "",
    direction: Annotated[Direction | Literal[""], Query()] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """The highest scores; an empty filter is none."""
    only = Only(level=level or None, category=category or None, direction=direction or None)
    chosen = {"run": run, "level": level, "category": category, "direction": direction}
    with use.postgres.transaction(snapshot=True) as connection:
        try:
            top = top_scores(connection, ON_A_PAGE, cursor, run_id=run or None, only=only)
        except NotReady:
            return page(request, "runs/none.html")
        row = completed_run(connection, top.run.run_id)
        counts = level_counts(connection, top.run.run_id)
        known_runs = runs(connection, RUNS_TO_CHOOSE_FROM, None).runs
    given = {name: value for name, value in chosen.items() if value}
    return page(
        request,
        "leaderboard.html",
        top=top,
        counts={name: counts.get(name, 0) for name in reversed(LEVELS)},
        levels=list(reversed(LEVELS)),
        categories=row.columns[len(RESIDUALS) :],
        runs=[each for each in known_runs if each.status == "completed"],
        chosen=chosen,
        is_filtered=bool(given),
        first=f"/?{urlencode(given)}",
        further=None if top.next is None else f"/?{urlencode(given | {'cursor': top.next})}",
        is_first=cursor is None,
        looks=palette(policy_of(row)),
    )
