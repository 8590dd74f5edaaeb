"""The answer of a route that starts long work: 200 when the work ends in time, else 202."""

from typing import Any

from fastapi import Response

from app.api.sharing.waiting import ended_within
from app.operations.operation import Operation
from app.operations.operation_answers import answer_of


async def set_status(response: Response, operation: Operation, location: str, wait_seconds: int) -> None:
    """Waits for the work, then sets the status, 200 or 202, and the `Location` of its progress.

    Raises:
        Exception: the error of the work, when it failed in time.
    """
    response.headers["Location"] = location
    if wait_seconds:
        response.headers["Preference-Applied"] = f"wait={wait_seconds}"
    response.status_code = 200 if wait_seconds and await ended_within(operation, wait_seconds) else 202


async def operation_answer(operation: Operation, response: Response, wait_seconds: int) -> Any:  # noqa: ANN401
    """The model of its kind: the state of an operation after waiting for it.

    Raises:
        Exception: the error of the work, when it failed in time.
    """
    await set_status(response, operation, f"/v1/operations/{operation.operation_id}", wait_seconds)
    return answer_of(operation)
