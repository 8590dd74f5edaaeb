"""Errors as pages for browsers, with the text of the API's problem."""

from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from app.web.templating import is_fragment, page

UNAUTHORIZED = 401


def error_page(request: Request, problem: dict[str, Any]) -> Response:
    """One problem as a page. A browser without a session is sent to the sign-in form, and from there back."""
    if problem["status"] == UNAUTHORIZED:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        target = f"/sign-in?next={quote(back if request.method == 'GET' else '/', safe='')}"
        if is_fragment(request):
            return Response(status_code=204, headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)
    return page(request, "error.html", status_code=problem["status"], problem=problem)
