"""The leaderboard: the wallets of a run by level, filtered and sorted, by page."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from app.answers.scores import TopScores
from app.answers.unrated import UNRATED_NAMES
from app.api.dependencies import AppServices
from app.api.params import PageCursor
from app.errors import NotReady
from app.operations.schedule import published_unseen
from app.policy.conditions import LEVELS
from app.runs.board.filters import SORTS
from app.runs.board.listing import level_counts, top_scores
from app.runs.board.unrated import unrated_answer
from app.runs.listing import running_run, runs
from app.runs.queries import completed_run
from app.runs.stored_policy import policy_of
from app.web.drawing.palette import palette
from app.web.notices import list_notices
from app.web.pages.board_query import EARLIER_NAMES, BoardQuery
from app.web.templating import page

router = APIRouter()
WALLETS_PER_PAGE = 50
RUNS_IN_FILTER = 50
LABELS_SHOWN = 5


@router.get("/")
def leaderboard(request: Request, services: AppServices, cursor: PageCursor = None) -> Response:
    """One page of the board; an empty filter matches all, and an empty run is the published one."""
    asked = BoardQuery.of(request.query_params)
    if EARLIER_NAMES.keys() & request.query_params.keys():
        return RedirectResponse(f"/?{asked.text()}", 308)
    with services.postgres.transaction(snapshot=True) as connection:
        try:
            top = top_scores(
                connection,
                WALLETS_PER_PAGE,
                cursor,
                run_id=asked.run_id,
                only=asked.only,
                sort=asked.sort,
                order=asked.order,
                with_total=True,
            )
        except NotReady:
            if asked.run_id is not None:
                raise
            return page(request, "runs/none.html")
        row = completed_run(connection, top.run.run_id)
        counts = level_counts(connection, top.run.run_id)
        said = list_notices(connection, services.settings)
        latest_runs = runs(connection, RUNS_IN_FILTER, None).runs
        since = published_unseen(connection, services.settings)
        unrated = unrated_answer(connection, row)
        running = running_run(connection)
    policy = policy_of(row)
    return page(
        request,
        "leaderboard.html",
        top=top,
        asked=asked,
        sorts={sort: asked.sorted_by(sort) for sort in SORTS},
        list_query=asked.model_copy(update={"run_id": None}).text(),
        counts={name: counts.get(name, 0) for name in reversed(LEVELS)},
        levels=list(reversed(LEVELS)),
        categories=list(policy.categories),
        flags=policy.flags,
        chains=_chains(top),
        runs=[each for each in latest_runs if each.status == "completed" and each.pruned_at is None],
        is_first=cursor is None,
        next_query=None if top.next is None else f"{asked.text()}&cursor={top.next}",
        looks=palette(policy),
        since=since,
        running=running,
        unrated=unrated,
        unrated_names=UNRATED_NAMES,
        labels_shown=LABELS_SHOWN,
        notices=said,
    )


def _chains(top: TopScores) -> list[str]:
    """Chains that the page has, to choose from; any other can be written."""
    return sorted({each.wallet.chain for each in top.scores})
