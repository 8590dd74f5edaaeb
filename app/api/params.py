"""`Prefer: wait=N` (RFC 7240): how long the client would rather wait than come back."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from app.operations.operation import Operation

LONGEST_WAIT_SECONDS = 300
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*(\d{1,9})\s*(?:$|[,;])", re.IGNORECASE)


def _wait_seconds(
    prefer: Annotated[
        str | None,
        Header(description="`wait=N` waits up to N seconds (300 at most) for the end.", examples=["wait=60"]),
    ] = None,
) -> int:
    found = _WAIT.search(prefer or "")
    return min(int(found[1]), LONGEST_WAIT_SECONDS) if found else 0


WaitSeconds = Annotated[int, Depends(_wait_seconds)]


def answer_when_done(response: Response, operation: Operation, location: str, wait_seconds: int) -> None:
    """Makes the answer a 200 when the work ends in time, else a 202; both say where to look.

    Raises:
        Exception: what the work itself raised, when it failed in time.
    """
    response.headers["Location"] = location
    if wait_seconds:
        response.headers["Preference-Applied"] = f"wait={wait_seconds}"
    response.status_code = 200 if wait_seconds and operation.ended_within(wait_seconds) else 202
