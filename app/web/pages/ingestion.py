"""The ingestion page: progress, throughput, lag, and refused messages."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from app.api.dependencies import AppServices
from app.operations.reload import start_reload
from app.record.dead_letters import latest_refused
from app.web.templating import is_fragment, page

router = APIRouter()
MAX_DEAD_LETTERS = 25


@router.get("/ingestion")
def ingestion(
    request: Request, services: AppServices, reason: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """The status, which the page refreshes every two seconds, and the latest dead letters."""
    status = services.status.read()
    if is_fragment(request):
        return page(request, "ingestion/status.html", status=status)
    with services.postgres.transaction() as connection:
        letters = latest_refused(connection, reason=reason or None, limit=MAX_DEAD_LETTERS)
    topic = services.settings.dead_letter_topic
    return page(request, "ingestion/page.html", status=status, letters=letters, reason=reason, topic=topic)


@router.post("/ingestion/reload")
def reload(services: AppServices) -> Response:
    """Starts rebuilding the graph and shows its progress."""
    operation = start_reload(services.operations, services.postgres, services.graph)
    return RedirectResponse(f"/operations/{operation.operation_id}", 303)
