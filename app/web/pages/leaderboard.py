"""The leaderboard: the wallets with the highest scores of a run, filtered, by page."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.api.dependencies import AppServices
from app.api.params import Cursor, RunQuery
from app.domain import Direction
from app.errors import NotReady
from app.policy.conditions import LEVELS, Level
from app.runs.listing import ScoreFilter, level_counts, runs, top_scores
from app.runs.queries import completed_run
from app.runs.stored_policy import policy_of
from app.web.drawing.palette import palette
from app.web.notices import notices
from app.web.templating import page

router = APIRouter()
WALLETS_PER_PAGE = 50
RUNS_IN_FILTER = 50


@router.get("/")
def leaderboard(
    request: Request,
    services: AppServices,
    *,
    run: Annotated[Literal[""] | Annotated[int, RunQuery], Query()] = "",
    level: Annotated[Level | Literal[""], Query()] = "",
    category: Annotated[str, Query(max_length=40)] = "",
    direction: Annotated[Direction | Literal[""], Query()] = "",
    flag: Annotated[str, Query(max_length=40)] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """One page of the highest scores; an empty filter matches all, and an empty run is the published one."""
    only = ScoreFilter(
        level=level or None, category=category or None, direction=direction or None, flag=flag or None
    )
    filters = {"run": run, "level": level, "category": category, "direction": direction, "flag": flag}
    with services.postgres.transaction(snapshot=True) as connection:
        try:
            top = top_scores(connection, WALLETS_PER_PAGE, cursor, run_id=run or None, only=only)
        except NotReady:
            return page(request, "runs/none.html")
        row = completed_run(connection, top.run.run_id)
        counts = level_counts(connection, top.run.run_id)
        said = notices(connection, services.settings)
        latest_runs = runs(connection, RUNS_IN_FILTER, None).runs
    in_use = {name: value for name, value in filters.items() if value}
    return page(
        request,
        "leaderboard.html",
        top=top,
        counts={name: counts.get(name, 0) for name in reversed(LEVELS)},
        levels=list(reversed(LEVELS)),
        categories=list(policy_of(row).categories),
        flags=sorted({rule.flag for rule in policy_of(row).rules if rule.flag is not None}),
        runs=[each for each in latest_runs if each.status == "completed"],
        filters=filters,
        is_filtered=bool(in_use),
        is_first=cursor is None,
        first_url=f"/?{urlencode(in_use)}",
        next_url=None if top.next is None else f"/?{urlencode(in_use | {'cursor': top.next})}",
        looks=palette(policy_of(row)),
        notices=said,
    )
