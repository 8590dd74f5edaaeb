"""Errors as `application/problem+json` (RFC 9457), and as pages for browsers."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.errors import AmbiguousWallet, AmlError, TooManyRequests, Unauthorized

MEDIA_TYPE = "application/problem+json"
ErrorPage = Callable[[Request, dict[str, Any]], Response]
"""Renders a problem as a page; the application sets it as `app.state.error_page`."""


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    type: str = Field(description="Type of the problem; stable.", examples=["urn:aml:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["No transfer of this wallet has been recorded."])
    instance: str = Field(description="Path of the request.", examples=["/scores/0xaa"])
    choices: list[str] | None = Field(
        default=None, description="`chain:address` of the wallets to choose from."
    )


EXAMPLES = {
    401: ("unauthorized", "This needs the header `Authorization: Bearer <AML_API_TOKEN>`."),
    403: ("forbidden", "Requests from other sites are refused."),
    404: (
        "not-found",
        "No transfer of this wallet has been recorded, so nothing is known about its money.",
    ),
    409: ("in-use", "Scoring run 3 is running. Wait for it to end: GET /v1/runs/3 (`aml status`)."),
    413: ("http", "The body is larger than 65536 bytes."),
    422: ("invalid-input", "limit: Input should be less than or equal to 1000"),
    503: ("dependency-missing", "PostgreSQL at 127.0.0.1:5432 does not answer. Start it (`aml up`)."),
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI responses of error statuses, each a problem with its example."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                MEDIA_TYPE: {
                    "schema": Problem.model_json_schema(),
                    "example": _body(status, *EXAMPLES[status], "/scores/ethereum:0xaa"),
                }
            },
        }
        for status in statuses
    }


def wants_page(request: Request) -> bool:
    """Whether a browser made the request, rather than a program."""
    return "text/html" in request.headers.get("accept", "")


def problem(
    request: Request,
    status: int,
    kind: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    choices: list[str] | None = None,
) -> Response:
    """The response of one problem; its type ends with `kind`."""
    body = _body(status, kind, detail, request.url.path)
    if choices is not None:
        body["choices"] = choices
    page: ErrorPage | None = getattr(request.app.state, "error_page", None)
    if page is not None and wants_page(request):
        answer = page(request, body)
        answer.headers.update(headers or {})
        return answer
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes every error of the application's routes a problem."""
    app.add_exception_handler(AmlError, _aml_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)


def _body(status: int, kind: str, detail: str, instance: str) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    return {
        "type": f"urn:aml:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
    }


def _aml_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, AmlError)  # noqa: S101 - registered for this class alone
    choices = exc.choices if isinstance(exc, AmbiguousWallet) else None
    headers = {}
    if isinstance(exc, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(exc, TooManyRequests):
        headers["Retry-After"] = str(exc.retry_after)
    return problem(request, exc.status, exc.kind, str(exc), headers=headers, choices=choices)


def _http_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for this class alone
    headers = dict(exc.headers) if exc.headers else None
    return problem(request, exc.status_code, "http", exc.detail, headers=headers)


def _invalid_request(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101 - registered for this class alone
    faults = "; ".join(
        f"{'.'.join(str(part) for part in error['loc'][1:]) or error['loc'][0]}: {error['msg']}"
        for error in exc.errors()
    )
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-input", faults)
