"""Cursors of lists: the position where the next page begins, opaque to clients.

A cursor of the API belongs to the filters that it came with: it holds a digest of them, and is refused with
others, where it would silently begin somewhere in another list.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from contextvars import ContextVar
from hashlib import sha256

from app.errors import InvalidInput

MAX_BIGINT = 2**63 - 1
"""Largest integer of PostgreSQL and Neo4j."""
NOT_A_CURSOR = "This is not a cursor of this list. Start again without a cursor."
OTHER_FILTERS = (
    "This cursor came with other filters. Send those again with it, or start without a cursor:"
    " only limit and total may change from page to page."
)
asked_list: ContextVar[Callable[[], str] | None] = ContextVar("asked_list", default=None)
"""The text that says which list a request asks for, filters and order; None where cursors are not bound."""


def encode_cursor(*position: int) -> str:
    """A position in a list as a cursor of the list that is asked for."""
    return urlsafe_b64encode(json.dumps([*position, *_digest()]).encode()).decode()


def decode_cursor(cursor: str, length: int) -> list[int]:
    """The position, of `length` numbers, that a cursor holds.

    Raises:
        InvalidInput: the text is not a cursor of this list, or one of other filters.
    """
    try:
        position = json.loads(urlsafe_b64decode(cursor.encode()))
    except ValueError as exc:
        raise InvalidInput(NOT_A_CURSOR, name="cursor") from exc
    digest = _digest()
    if not isinstance(position, list) or len(position) != length + len(digest):
        raise InvalidInput(NOT_A_CURSOR, name="cursor")
    numbers, other = position[:length], position[length:]
    if not all(type(number) is int and abs(number) <= MAX_BIGINT for number in numbers):
        raise InvalidInput(NOT_A_CURSOR, name="cursor")
    if other != digest:
        raise InvalidInput(OTHER_FILTERS, name="cursor")
    return numbers


def _digest() -> list[str]:
    """The digest of the list that is asked for; empty where cursors are not bound."""
    text = asked_list.get()
    return [] if text is None else [sha256(text().encode()).hexdigest()[:12]]
