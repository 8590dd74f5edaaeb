"""The page of current labels, filtered, with the effective one of each wallet."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.answers.cursors import MAX_BIGINT
from app.api.dependencies import AppServices
from app.labels.lookup import current_labels, label_sources
from app.policy.policy import load_policy
from app.web.drawing.palette import palette
from app.web.templating import page

router = APIRouter()
LABELS_PER_PAGE = 50


@router.get("/labels")
def labels_page(
    request: Request,
    services: AppServices,
    *,
    wallet: Annotated[str, Query(max_length=200)] = "",
    source: Annotated[str, Query(max_length=200)] = "",
    category: Annotated[str, Query(max_length=40)] = "",
    tag: Annotated[str, Query(max_length=256)] = "",
    after: Annotated[int | None, Query(ge=0, le=MAX_BIGINT)] = None,
) -> HTMLResponse:
    """One page of the current labels; an empty filter matches all."""
    policy = load_policy(services.settings.policy_file)
    filters = {"wallet": wallet.strip(), "source": source, "category": category, "tag": tag.strip()}
    in_use = {name: value for name, value in filters.items() if value}
    labels = current_labels(
        services.postgres,
        policy.label_rules,
        wallet=in_use.get("wallet"),
        source=in_use.get("source"),
        category=in_use.get("category"),
        tag=in_use.get("tag"),
        limit=LABELS_PER_PAGE,
        after=after,
        with_total=True,
    )
    next_query = None if labels.last_id is None else urlencode(in_use | {"after": str(labels.last_id)})
    return page(
        request,
        "labels.html",
        labels=labels.labels,
        total=labels.total,
        sources=label_sources(services.postgres),
        categories=list(policy.categories),
        looks=palette(policy),
        filters=filters,
        is_filtered=bool(in_use),
        is_first=after is None,
        first_url=f"/labels?{urlencode(in_use)}",
        next_url=None if next_query is None else f"/labels?{next_query}",
    )
