"""Long work of this server, looked at while it goes on: reloads of the graph and verifications."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.dependencies import Use
from app.web.templating import is_fragment, page

router = APIRouter()


@router.get("/operations/{operation_id}")
def operation(request: Request, use: Use, operation_id: str) -> Response:
    """How far it is; its result when it has ended."""
    found = use.operations.get(operation_id).answer()
    if not is_fragment(request):
        return page(request, "ingestion/operation.html", found=found)
    if found.status == "running":
        return page(request, "ingestion/operation_progress.html", found=found)
    return Response(headers={"HX-Refresh": "true"})
