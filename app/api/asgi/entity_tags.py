"""`ETag` and `If-None-Match`: an answer that a client has already is not sent again (RFC 9110).

The tag is a digest of the answer. What a run has fixed keeps its tag: a run that has ended, the scores of a
run, a score until something touches its wallet.
"""

from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class EntityTagMiddleware:
    """Tags every JSON answer to a GET request that is complete in one message."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request on; other messages of the server pass unchanged."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        known = _tags(Headers(scope=scope).get("if-none-match", ""))
        start: Message | None = None

        async def send_tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_tagged(message):
                start = message
                return
            if start is None or message["type"] != "http.response.body":
                await send(message)
                return
            if not message.get("more_body"):
                message = _tag(start, message, known)
            begun, start = start, None
            await send(begun)
            await send(message)

        await self.app(scope, receive, send_tagged)


def _is_tagged(start: Message) -> bool:
    is_json = Headers(raw=start["headers"]).get("content-type", "").startswith("application/json")
    return bool(start["status"] == 200 and is_json)  # noqa: PLR2004


def _tag(start: Message, body: Message, known: set[str]) -> Message:
    """Sets the tag, and turns an answer that the client has into 304 without a body."""
    tag = f'"{sha256(body.get("body", b"")).hexdigest()[:32]}"'
    headers = MutableHeaders(raw=start["headers"])
    headers["ETag"] = f"W/{tag}"  # weak: the same answer may be sent compressed
    if tag not in known and "*" not in known:
        return body
    start["status"] = 304
    del headers["content-length"]
    del headers["content-type"]
    start["headers"] = headers.raw
    return {"type": "http.response.body", "body": b""}


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",") if tag.strip()}
