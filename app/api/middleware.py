"""Around every request: a bounded body, a log line, no internals when something unexpected breaks."""

from time import perf_counter

import structlog
from fastapi import Request
from prometheus_client import Histogram
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.api.security import HEADERS, check_origin
from app.errors import Forbidden

log = structlog.get_logger()

MAX_BODY_BYTES = 64 * 1024
REQUEST_SECONDS = Histogram(
    "aml_http_request_seconds",
    "Seconds until a request was answered",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Traffic:
    """ASGI middleware; the one place with `async`, because the protocol is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or whatever else the server says to the application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        path = scope["raw_path"].decode(
            "ascii", "replace"
        )  # still quoted: no control character gets into a log
        started, status = perf_counter(), 0

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            check_origin(request)
            await self.app(scope, _bounded(receive), watched_send)
        except Forbidden as exc:
            await problem(request, exc.status, exc.kind, str(exc))(scope, receive, watched_send)
        except Exception:
            log.exception("request_failed", method=request.method, path=path)
            if (
                status
            ):  # the answer has begun: the connection breaks, and the client sees that it is not whole
                raise
            detail = "Something unexpected went wrong. The server's log says what."
            await problem(request, 500, "internal", detail)(scope, receive, watched_send)
        finally:
            seconds = perf_counter() - started
            _measure(request, status, seconds)
            milliseconds = round(seconds * 1000, 1)
            log.info("request", method=request.method, path=path, status=status, milliseconds=milliseconds)


def _measure(request: Request, status: int, seconds: float) -> None:
    """By route, not by path: the number of different ones is bounded, and no wallet is named."""
    method = request.method if request.method in METHODS else "other"
    route = getattr(request.scope.get("route"), "path", "none")
    REQUEST_SECONDS.labels(method, route, status).observe(seconds)


def _bounded(receive: Receive) -> Receive:
    """The body as it comes in, up to the limit; FastAPI's own limit would not answer with a problem."""
    received = 0

    async def bounded_receive() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise HTTPException(
                413, f"The body is larger than {MAX_BODY_BYTES} bytes, the most that is read."
            )
        return message

    return bounded_receive
