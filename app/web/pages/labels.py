"""Labels: what is said about wallets, by whom, and which of it speaks."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.api.dependencies import Use
from app.labels.lookup import current_labels, label_sources
from app.policy.policy import load_policy
from app.web.drawing.palette import palette
from app.web.templating import page

router = APIRouter()
ON_A_PAGE = 50


@router.get("/labels")
def labels_page(
    request: Request,
    use: Use,
    *,
    wallet: Annotated[str, Query(max_length=200)] = "",
    source: Annotated[str, Query(max_length=200)] = "",
    category: Annotated[str, Query(max_length=40)] = "",
    after: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
) -> HTMLResponse:
    """The labels of now, filtered, a page at a time."""
    policy = load_policy(use.settings.policy_file)
    chosen = {"wallet": wallet.strip(), "source": source, "category": category}
    given = {name: value for name, value in chosen.items() if value}
    found = current_labels(
        use.postgres,
        policy.severities,
        wallet=given.get("wallet"),
        source=given.get("source"),
        category=given.get("category"),
        limit=ON_A_PAGE,
        after=after,
    )
    return page(
        request,
        "labels.html",
        found=found,
        sources=label_sources(use.postgres),
        categories=list(policy.categories),
        looks=palette(policy),
        chosen=chosen,
        is_filtered=bool(given),
        is_first=after is None,
        first=f"/labels?{urlencode(given)}",
        further=None if found.last is None else f"/labels?{urlencode(given | {'after': str(found.last)})}",
    )
