"""All pages on the application, behind the same token as the API."""

from fastapi import Depends, FastAPI

from app.api.security import require_token
from app.web.pages import (
    alerts,
    api_docs,
    explorer,
    ingestion,
    labels,
    leaderboard,
    operations,
    questions,
    runs,
    screenings,
    search,
    sign_in,
    wallet,
)
from app.web.static_files import Static


def install(app: FastAPI) -> None:
    """Adds the pages and what they load."""
    app.mount("/static", Static(), name="static")
    for public in (sign_in.router, api_docs.router):
        app.include_router(public)
    for behind_token in (
        alerts,
        leaderboard,
        wallet,
        explorer,
        questions,
        runs,
        operations,
        ingestion,
        labels,
        search,
        screenings,
    ):
        app.include_router(
            behind_token.router, include_in_schema=False, dependencies=[Depends(require_token)]
        )
