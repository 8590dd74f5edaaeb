"""Middleware of every request: one target and length, headers, a log line, and a problem for each error."""

import re
from time import perf_counter
from typing import Final

import structlog
from asgi_correlation_id import correlation_id
from fastapi import Request
from prometheus_client import Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.answers.problem import KIND_OF_STATUS
from app.api.problems import aml_problem, problem
from app.api.security import HEADERS, check_origin
from app.api.targets import with_path
from app.errors import Forbidden, InvalidInput

log = structlog.get_logger()

MAX_BODY_BYTES = 64 * 1024
MAX_BODY_BYTES_OF_MANY = 2 * 1024 * 1024
OF_MANY = frozenset(("/v1/transfers", "/v1/labels", "/v1/screenings", "/v1/watched-wallets"))
"""Paths whose bodies hold up to a thousand things."""
REQUEST_SECONDS = Histogram(
    "aml_http_request_seconds",
    "Seconds until a request was answered",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
REQUEST_ID: Final = "X-Request-ID"
_request_id = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def is_request_id(text: str) -> bool:
    """Whether a client may name its request so; another text is replaced by an id of our own."""
    return _request_id(text) is not None


class TwoLengths(InvalidInput):
    """The length of a body is said twice."""


class RequestMiddleware:
    """ASGI middleware; the only `async` code, because the protocol is asynchronous."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request on; other messages of the server, such as startup, pass unchanged."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope = with_path(scope)
        method = scope["method"]
        if method == "HEAD":  # the server leaves the body of its answer out
            scope = {**scope, "method": "GET"}
        request = Request(scope)
        # Still quoted, so that no control character gets into a log.
        path = scope["raw_path"].decode("ascii", "replace")
        started, status = perf_counter(), 0
        structlog.contextvars.bind_contextvars(request_id=correlation_id.get())

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            check_origin(request)
            _check_length(request)
            await self.app(scope, receive, send_with_headers)
        except (Forbidden, InvalidInput) as exc:
            answer = aml_problem(request, exc)
            if isinstance(exc, TwoLengths):  # where the next request would begin is not known
                answer.headers["Connection"] = "close"
            await answer(scope, receive, send_with_headers)
        except Exception:
            log.exception("request_failed", method=method, path=path)
            if status:  # the response has begun: breaking the connection shows that it is incomplete
                raise
            detail = "An unexpected error occurred. The server's log has the details."
            await problem(request, 500, KIND_OF_STATUS[500], detail)(scope, receive, send_with_headers)
        finally:
            seconds = perf_counter() - started
            _measure(request, method, status, seconds)
            milliseconds = round(seconds * 1000, 1)
            log.info("request", method=method, path=path, status=status, milliseconds=milliseconds)
            structlog.contextvars.unbind_contextvars("request_id")


def _check_length(request: Request) -> None:
    """Refuses a request whose body has two lengths: two servers on its way may take different ones.

    Raises:
        TwoLengths: it has both headers.
    """
    if "content-length" in request.headers and "transfer-encoding" in request.headers:
        raise TwoLengths("A request has either Content-Length or Transfer-Encoding, and not both.")


def _measure(request: Request, method: str, status: int, seconds: float) -> None:
    """Labels by route, not by path: the number of labels is bounded, and no label names a wallet."""
    route = getattr(request.scope.get("route"), "path", "none")
    # FastAPI's route does not know the prefix that it was included with: a page may have the same path.
    if request.scope["path"].startswith("/v1/") and route.startswith("/") and not route.startswith("/v1"):
        route = f"/v1{route}"
    REQUEST_SECONDS.labels(method if method in METHODS else "other", route, status).observe(seconds)
