"""All pages on the application, behind the same token as the API."""

from fastapi import Depends, FastAPI

from app.api.security import require_token
from app.web import api_docs, explorer, leaderboard, sign_in, wallet
from app.web.static_files import Static


def install(app: FastAPI) -> None:
    """Adds the pages and what they load."""
    app.mount("/static", Static(), name="static")
    for public in (sign_in.router, api_docs.router):
        app.include_router(public)
    for router in (leaderboard.router, wallet.router, explorer.router):
        app.include_router(router, include_in_schema=False, dependencies=[Depends(require_token)])
