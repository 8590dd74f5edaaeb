"""The answer of a route that starts long work: 200 when it ends in time, else 202 and where to look."""

from fastapi import Response

from app.operations.operation import Operation, OperationStatus


def answer_when_done(response: Response, operation: Operation, location: str, wait_seconds: int) -> None:
    """Makes the answer a 200 when the work ends in time, else a 202; both say where to look.

    Raises:
        Exception: what the work itself raised, when it failed in time.
    """
    response.headers["Location"] = location
    if wait_seconds:
        response.headers["Preference-Applied"] = f"wait={wait_seconds}"
    response.status_code = 200 if wait_seconds and operation.ended_within(wait_seconds) else 202


def answer_of(operation: Operation, response: Response, wait_seconds: int) -> OperationStatus:
    """How far an operation of this server is, as the answer.

    Raises:
        Exception: what the work itself raised, when it failed in time.
    """
    answer_when_done(response, operation, f"/v1/operations/{operation.operation_id}", wait_seconds)
    return operation.answer()
