"""Signing in with the API's token, and signing out."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from app.access import is_token
from app.api.dependencies import AppServices
from app.api.sessions import begin_session, cookie_name, end_session
from app.api.throttle import address_of
from app.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def sign_in_form(
    request: Request, services: AppServices, back: Annotated[str, Query(alias="next", max_length=2_000)] = "/"
) -> Response:
    """The form for the token."""
    if services.settings.api_auth == "off":
        return RedirectResponse("/", 303)
    return page(request, "sign_in.html", next=_own_path(back), is_refused=False)


@router.post("/sign-in")
def sign_in(
    request: Request,
    services: AppServices,
    token: Annotated[str, Form(max_length=4_096)] = "",
    back: Annotated[str, Form(alias="next", max_length=2_000)] = "/",
) -> Response:
    """Begins a session when the token is right.

    Raises:
        TooManyRequests: too many wrong tokens came from this address.
    """
    address = address_of(request)
    services.throttle.check(address)
    if services.settings.api_auth == "on" and not is_token(services.settings, token.strip()):
        services.throttle.count(address)
        return page(request, "sign_in.html", status_code=401, next=_own_path(back), is_refused=True)
    response = RedirectResponse(_own_path(back), 303)
    if services.settings.api_auth == "on":
        secure = request.url.scheme == "https"
        begin_session(response, services.settings, services.postgres, secure=secure)
    return response


@router.post("/sign-out")
def sign_out(request: Request, services: AppServices) -> Response:
    """Ends the session."""
    response = RedirectResponse("/sign-in", 303)
    cookie = request.cookies.get(cookie_name(services.settings))
    end_session(response, services.settings, services.postgres, cookie)
    return response


def _own_path(target: str) -> str:
    """The target if it is a path of this server, else the leaderboard: no redirect leads elsewhere."""
    try:
        parts = urlsplit(target.replace("\\", "/"))
    except ValueError:
        return "/"
    is_path = not parts.scheme and not parts.netloc and parts.path.startswith("/")
    return target if is_path and not target.startswith(("//", "/\\")) else "/"
