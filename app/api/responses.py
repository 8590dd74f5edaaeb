"""The OpenAPI documentation of a route's answers."""

from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel

from app.answers.problem import KIND_OF_STATUS, TITLES
from app.api.problems import MEDIA_TYPE, problem_body

PROBLEM_SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}

_EXAMPLES: Final = {
    400: ("malformed", "There was an error parsing the body"),
    401: ("unauthorized", "This needs the header `Authorization: Bearer <AML_API_TOKEN>`."),
    403: ("forbidden", "Requests from other sites are refused."),
    404: (
        "not-found",
        "No transfer of this wallet has been recorded, so nothing is known about its money.",
    ),
    409: ("in-use", "Scoring run 3 is running. Wait for it to end: GET /v1/runs/3 (`aml status`)."),
    413: ("too-large", "The body is larger than 65536 bytes."),
    415: ("unsupported-encoding", "A body is taken as it is, and not compressed."),
    422: ("invalid-input", "limit: Input should be less than or equal to 1000"),
    429: (
        "too-many-requests",
        "More than 600 requests a minute came from this address. Try again in 3 seconds.",
    ),
    500: ("internal", "An unexpected error occurred. The server's log has the details."),
    503: ("dependency-missing", "PostgreSQL at 127.0.0.1:5432 does not answer. Start it (`aml up`)."),
    504: ("query-timeout", "The wallet has too many transfers to read in time."),
}
_FIELDS: Final[dict[int, dict[str, Any]]] = {
    409: {"run_id": 3},
    422: {
        "errors": [
            {
                "location": "query",
                "name": "limit",
                "reason": "less_than_equal",
                "detail": "Input should be less than or equal to 1000",
            }
        ]
    },
}
assert KIND_OF_STATUS.keys() <= TITLES.keys()  # noqa: S101 - a status with a type has a title


def example(status: int, answer: BaseModel) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI response of that status with its schema and its example."""
    content = {"application/json": {"example": answer.model_dump(mode="json")}}
    description = "OK" if status == HTTPStatus.OK else "Accepted"
    return {status: {"description": description, "model": type(answer), "content": content}}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI responses of error statuses, each a problem with its example."""
    return {status: _error(status) for status in statuses}


def _error(status: int) -> dict[str, Any]:
    body = problem_body(
        status, *_EXAMPLES[status], "/v1/scores/ethereum:0xaa", "9f86d081884c4d659a2feaa0c55ad015"
    ) | _FIELDS.get(status, {})
    content = {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA, "example": body}}
    return {"description": TITLES[status], "content": content}
