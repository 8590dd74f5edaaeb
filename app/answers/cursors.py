"""Cursors of lists that page: where the next page begins, opaque to whoever hands it back."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from app.errors import InvalidInput

BIGGEST = 2**63 - 1


def encoded(*place: int) -> str:
    """A place in a list as a cursor."""
    return urlsafe_b64encode(json.dumps(place).encode()).decode()


def decoded(cursor: str, length: int) -> list[int]:
    """The place, of that many numbers, that a cursor holds.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    try:
        place = json.loads(urlsafe_b64decode(cursor.encode()))
    except ValueError as exc:
        raise InvalidInput("The cursor is not one that this API gave. Start again without a cursor.") from exc
    if (
        not isinstance(place, list)
        or len(place) != length
        or not all(type(part) is int and abs(part) <= BIGGEST for part in place)
    ):
        raise InvalidInput("The cursor is not one that this API gave. Start again without a cursor.")
    return place
