"""The API's interactive documentation; the browser loads it from this server alone."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """Swagger UI over `/openapi.json`."""
    return page(request, "api_docs.html")
