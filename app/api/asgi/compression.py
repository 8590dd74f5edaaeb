"""Compressed answers for those who take them; Starlette's middleware only looks for the word gzip."""

import re

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_weight = re.compile(r"q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)").fullmatch
_NAME = b"accept-encoding"


class Compression:
    """Compresses with gzip where `Accept-Encoding` takes it (RFC 9110, 12.5.3)."""

    def __init__(self, app: ASGIApp, minimum_size: int, compresslevel: int) -> None:
        self._app = GZipMiddleware(app, minimum_size, compresslevel)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request on; other messages of the server pass unchanged."""
        if scope["type"] == "http":
            header = ",".join(Headers(scope=scope).getlist("accept-encoding"))
            chosen = b"gzip" if takes_gzip(header) else b"identity"
            others = [(name, value) for name, value in scope["headers"] if name != _NAME]
            scope["headers"] = [*others, (_NAME, chosen)]  # in place: others read the route from the scope
        await self._app(scope, receive, send)


def takes_gzip(header: str) -> bool:
    """Whether the header takes gzip, and does not prefer that nothing is compressed."""
    weights = {}
    for choice in header.lower().split(","):
        name, _, parameter = choice.partition(";")
        weights[name.strip()] = _weight_of(parameter.strip())
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight_of(parameter: str) -> float:
    """The weight of one choice; 0 of one that is written wrongly."""
    if not parameter:
        return 1.0
    match = _weight(parameter)
    return float(match[1]) if match else 0.0
