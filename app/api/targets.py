"""The target of a request as this server reads it: the same as a proxy before it, or not at all."""

import re
from typing import Final
from urllib.parse import unquote

from starlette.types import Scope

MAX_PORT: Final = 65_535
ESCAPED_SLASH: Final = "%2F"
_absolute = re.compile(rb"https?://([^/?#]*)(/.*)?", re.IGNORECASE | re.DOTALL).fullmatch
_escaped = re.compile(rb"%2f", re.IGNORECASE)
_host = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?").fullmatch


def with_path(scope: Scope) -> Scope:
    """The request with the path of its target.

    A target that names its host counts, and the header `Host` does not (RFC 9112, 3.2.2). An escaped slash
    is a character of its segment and separates nothing: it stays escaped, so that `/v1%2Fruns` is not
    `/v1/runs` here and something else to the rules of a proxy.
    """
    raw: bytes = scope["raw_path"]
    if match := _absolute(raw):
        raw = match[2] or b"/"
        headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
        scope = {**scope, "raw_path": raw, "path": _path(raw), "headers": [(b"host", match[1]), *headers]}
    elif _escaped.search(raw):
        scope = {**scope, "path": _path(raw)}
    return scope


def _path(raw: bytes) -> str:
    return unquote(_escaped.sub(b"%252F", raw).decode("ascii", "replace"))


def slashes(text: str) -> str:
    """A part of a path with the slashes that were escaped in it."""
    return text.replace(ESCAPED_SLASH, "/")


def host_name(host: str) -> str | None:
    """The name in a header `Host`, in lower case and without brackets; None of what is no host and port."""
    match = _host(host)
    if match is None or int(match[2] or 0) > MAX_PORT:
        return None
    return match[1].strip("[]").lower()
