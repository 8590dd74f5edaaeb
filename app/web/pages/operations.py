"""The progress and result of long work of this server."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.dependencies import AppServices
from app.web.templating import is_fragment, page

router = APIRouter()


@router.get("/operations/{operation_id}")
def operation(request: Request, services: AppServices, operation_id: str) -> Response:
    """The progress of an operation, or its result when it has ended."""
    status = services.operations.get(operation_id)
    if not is_fragment(request):
        return page(request, "ingestion/operation.html", operation=status)
    if status.status == "running":
        return page(request, "ingestion/operation_progress.html", operation=status)
    return Response(headers={"HX-Refresh": "true"})
