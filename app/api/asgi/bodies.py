"""Middleware that receives bodies: bounded in bytes and in values, and never one that is compressed."""

import re
from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.answers.problem import KIND_OF_STATUS
from app.api.asgi.middleware import MAX_BODY_BYTES, MAX_BODY_BYTES_OF_MANY, OF_MANY
from app.api.problems import aml_problem, problem
from app.api.security import ADMITTED, SAFE_METHODS
from app.errors import UnsupportedEncoding

MAX_VALUES: Final = 16_384
"""Fields and items in a JSON body: each may be an error of its own, and all are found before one is told."""
MAX_VALUES_OF_EVENTS: Final = 65_536
EVENTS: Final = "/v1/transfers"
"""Its events are checked one by one, up to the first error of each."""
_text = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


class Bodies:
    """Refuses a body by what its head says, then bounds what comes; a JSON body is received as a whole."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request on, or refuses it; other messages of the server pass unchanged."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        limit = MAX_BODY_BYTES_OF_MANY if scope["path"] in OF_MANY else MAX_BODY_BYTES
        refusal = _refused_by_head(request, limit)
        receive = _bounded(receive, limit)
        if refusal is None and _is_json_behind_token(request):
            try:
                body = await _whole(receive)
            except HTTPException as exc:
                refusal = _too_large(request, str(exc.detail))
            else:
                if body is None:
                    return
                refusal = _refused_by_values(request, body)
                receive = _again(body, receive)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_json_behind_token(request: Request) -> bool:
    """Whether a route behind the token gets JSON: nobody else's is received before its route asks for it."""
    media_type = request.headers.get("content-type", "").lower()
    return ADMITTED in request.scope and request.method not in SAFE_METHODS and "json" in media_type


def _refused_by_head(request: Request, limit: int) -> Response | None:
    codings = ",".join(request.headers.getlist("content-encoding")).lower().split(",")
    if any(coding.strip() not in {"", "identity"} for coding in codings):
        return aml_problem(request, UnsupportedEncoding("A body is taken as it is, and not compressed."))
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        return _too_large(request, _larger(limit))
    return None


def _refused_by_values(request: Request, body: bytes) -> Response | None:
    limit = MAX_VALUES_OF_EVENTS if request.scope["path"] == EVENTS else MAX_VALUES
    # Most bodies have fewer commas, those inside of texts included.
    if body.count(b",") < limit or values_of(body) < limit:
        return None
    return _too_large(request, f"The body has more than {limit} fields and items.")


def values_of(body: bytes) -> int:
    """How many fields and items of a JSON text follow another one: its commas outside of texts."""
    return _text.sub(b"", body).count(b",")


def _too_large(request: Request, detail: str) -> Response:
    return problem(request, 413, KIND_OF_STATUS[413], detail)


def _larger(limit: int) -> str:
    return f"The body is larger than {limit} bytes."


def _bounded(receive: Receive, limit: int) -> Receive:
    """The body up to the limit; FastAPI's own limit would not answer with a problem."""
    received = 0

    async def bounded_receive() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413, _larger(limit))
        return message

    return bounded_receive


async def _whole(receive: Receive) -> bytes | None:
    """The whole body; None when the client is gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was received, in one message, and then what comes."""
    is_given = False

    async def receive_again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
