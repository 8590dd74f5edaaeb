"""The OpenAPI document as bytes that are made once: it is long, and needs no token."""

from threading import Lock

import orjson
from fastapi import APIRouter, Request, Response

router = APIRouter(include_in_schema=False)
_one_at_a_time = Lock()


@router.get("/openapi.json")
def get_openapi(request: Request) -> Response:
    """The document of all routes."""
    state = request.app.state
    with _one_at_a_time:
        if not hasattr(state, "openapi_document"):
            state.openapi_document = orjson.dumps(request.app.openapi())
    return Response(state.openapi_document, media_type="application/json")
