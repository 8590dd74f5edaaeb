"""The leaderboard: the wallets with the highest scores of a run."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.api.doors import Use
from app.errors import NotReady
from app.scoring.listing import top_scores
from app.web.templating import page

router = APIRouter()
ON_A_PAGE = 50


@router.get("/")
def leaderboard(
    request: Request, use: Use, cursor: Annotated[str | None, Query(max_length=200)] = None
) -> HTMLResponse:
    """The highest scores, filtered, a page at a time."""
    try:
        with use.postgres.transaction(snapshot=True) as connection:
            top = top_scores(connection, ON_A_PAGE, cursor)
    except NotReady:
        return page(request, "no_run.html")
    return page(request, "leaderboard.html", top=top)
