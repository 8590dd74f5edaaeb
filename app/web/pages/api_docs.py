"""The API's interactive documentation, from packages that were built here: no other host is asked."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """Swagger UI over `/openapi.json`."""
    return page(request, "api_docs.html")
