"""Access to the API: a token or a session, loopback host names, and no request of another site's page."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from starlette.concurrency import run_in_threadpool

from app.access import is_loopback, is_token
from app.api.sessions import cookie_name, is_session
from app.api.targets import host_name
from app.errors import DependencyMissing, Forbidden, InvalidInput, Unauthorized
from app.settings import Settings

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
ORIGIN_HEADERS = ("origin", "sec-fetch-site")
"""Headers in which browsers name the page that sends a request; `check_origin` refuses other sites."""
MIN_TOKEN_LENGTH = 16
ADMITTED: Final = "aml_admitted"
"""Set in the scope of a request that `app.api.asgi.gate` has let through."""
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}


HEADERS = {
    # The icons of the API documentation are `data:` URLs.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
}
"""Headers of every response: pages load only this server's files, and no other page frames them."""

bearer = HTTPBearer(auto_error=False, description="The value of `AML_API_TOKEN`.")


def check_settings(settings: Settings) -> None:
    """Refuses to start without protection.

    Raises:
        InvalidInput: authentication is off on an address that others can reach, or the token is too short or
            cannot be sent.
        DependencyMissing: authentication is on and there is no token.
    """
    if settings.api_auth == "off":
        if not is_loopback(settings.api_host):
            raise InvalidInput(
                f"AML_API_AUTH=off works only on a loopback address and AML_API_HOST is {settings.api_host}."
                " Set AML_API_TOKEN and leave AML_API_AUTH on, or set AML_API_HOST=127.0.0.1."
            )
    elif settings.api_token is None or not settings.api_token.get_secret_value().strip():
        raise DependencyMissing(
            "AML_API_TOKEN is not set, and the API does not start without a token. Set it, or set"
            " AML_API_AUTH=off to answer without a token on a loopback address."
        )
    else:
        _check_token("AML_API_TOKEN", settings.api_token.get_secret_value())
        if settings.api_token_before is not None:
            _check_token("AML_API_TOKEN_BEFORE", settings.api_token_before.get_secret_value())


def _check_token(name: str, token: str) -> None:
    """A token that can be guessed, or that no header can carry, protects nothing."""
    if not token.isascii() or not token.isprintable() or token != token.strip():
        raise InvalidInput(
            f"{name} has a blank or a line break at an end, or a character that no header can carry:"
            " its ASCII characters alone can be sent."
        )
    if len(token) < MIN_TOKEN_LENGTH:
        raise InvalidInput(
            f"{name} has {len(token)} characters and needs {MIN_TOKEN_LENGTH}: a short one is guessed."
            " `openssl rand -base64 32` makes one."
        )


async def require_token(
    request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> None:
    """Says, in the document too, that a route needs the token; `app.api.asgi.gate` asks for it before.

    Raises:
        Unauthorized: the request has not come through the gate.
    """
    if ADMITTED not in request.scope:
        raise _needs_token()


async def check_token(request: Request) -> None:
    """Accepts a request with the token, or with the session of a browser that signed in with it.

    Raises:
        Unauthorized: it has neither.
        Forbidden: a session changes something, and no header says that a page of this server sent it.
        DependencyMissing: the record, which knows the sessions, does not answer.
    """
    services = request.app.state.services
    settings: Settings = services.settings
    if settings.api_auth == "off":
        return
    scheme, given = get_authorization_scheme_param(request.headers.get("authorization"))
    has_token = scheme.lower() == "bearer"
    if has_token and is_token(settings, given):
        return
    cookie = request.cookies.get(cookie_name(settings))
    if (
        has_token
        or cookie is None
        or not await run_in_threadpool(is_session, settings, services.postgres, cookie)
    ):
        raise _needs_token()
    if request.method not in SAFE_METHODS and not any(name in request.headers for name in ORIGIN_HEADERS):
        raise Forbidden("A session may change something only from a page of this server.")


def check_origin(request: Request) -> None:
    """Refuses requests that a page of another site makes a browser send.

    Raises:
        Forbidden: the host name is not of this server (DNS rebinding), or a page of another site changes
            something.
    """
    settings: Settings = request.app.state.services.settings
    host = request.headers.get("host", "")
    name = host_name(host)
    names = settings.host_names
    if is_loopback(settings.api_host):
        names |= LOOPBACK_NAMES | {settings.api_host}
    if (names and name not in names) or (host and name is None):
        raise Forbidden(
            "This API does not answer under this host name: on loopback under 127.0.0.1 or localhost, and"
            " under those of AML_ALLOWED_HOSTS."
        )
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    if origin is not None and origin in settings.origins:
        return
    if request.headers.get("sec-fetch-site") == "cross-site" or (
        origin is not None and _authority(origin) != host.lower()
    ):
        raise Forbidden("Requests from other sites' pages are refused.")


def _needs_token() -> Unauthorized:
    return Unauthorized("This needs the header `Authorization: Bearer <AML_API_TOKEN>` with the right token.")


def _authority(url: str) -> str | None:
    """Host and port of a URL in lower case; None of a text that is none."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return None
