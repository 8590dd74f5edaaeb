"""Cursors of lists: the position where the next page begins, opaque to clients."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from app.errors import InvalidInput

MAX_BIGINT = 2**63 - 1
"""Largest integer of PostgreSQL and Neo4j."""
NOT_A_CURSOR = "This is not a cursor of this list. Start again without a cursor."


def encode_cursor(*position: int) -> str:
    """A position in a list as a cursor."""
    return urlsafe_b64encode(json.dumps(position).encode()).decode()


def decode_cursor(cursor: str, length: int) -> list[int]:
    """The position, of `length` numbers, that a cursor holds.

    Raises:
        InvalidInput: the text is not a cursor of this list.
    """
    try:
        position = json.loads(urlsafe_b64decode(cursor.encode()))
    except ValueError as exc:
        raise InvalidInput(NOT_A_CURSOR, name="cursor") from exc
    if (
        not isinstance(position, list)
        or len(position) != length
        or not all(type(number) is int and abs(number) <= MAX_BIGINT for number in position)
    ):
        raise InvalidInput(NOT_A_CURSOR, name="cursor")
    return position
