"""Errors as `application/problem+json` (RFC 9457), and as pages for browsers."""

import re
from collections.abc import Callable
from http import HTTPStatus
from itertools import islice
from typing import Any, Final

from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from app.answers.problem import KIND_OF_STATUS, PREFIX, TITLES
from app.errors import (
    AmbiguousWallet,
    AmlError,
    InUse,
    InvalidEvent,
    InvalidInput,
    TooManyRequests,
    Unauthorized,
    UnknownAddress,
    UnsupportedEncoding,
)

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS: Final = 50
"""Of one answer; `detail` says how many more there are."""
MAX_NAME_LENGTH: Final = 200
MAX_DETAIL_LENGTH: Final = 1_000
ErrorPage = Callable[[Request, dict[str, Any]], Response]
"""Renders a problem as a page; the application sets it as `app.state.error_page`."""


class MoreErrors(RequestValidationError):
    """The first errors of a request, and how many more there are."""

    def __init__(self, errors: list[dict[str, Any]], more: int) -> None:
        super().__init__(errors)
        self.more = more


_api = re.compile(
    r"/v1(/.*)?|/scores/.*|/ingestion/status|/reload-graph|/run-score|/ready|/health|/metrics|/openapi\.json"
).fullmatch
"""Paths of the API, also of its aliases: whoever asks them, a page is no answer."""
_html = re.compile(r"text/html\s*(?:;(?P<parameters>.*))?", re.IGNORECASE).fullmatch
_refused = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*").fullmatch


def wants_page(request: Request) -> bool:
    """Whether a browser asks for a page; programs name HTML in `Accept` too, and ask the API."""
    if _api(request.scope["path"]):
        return False
    taken = map(str.strip, request.headers.get("accept", "").split(","))
    return any((match := _html(each)) and not _is_refused(match["parameters"]) for each in taken)


def _is_refused(parameters: str | None) -> bool:
    return any(map(_refused, (parameters or "").split(";")))


def problem(
    request: Request,
    status: int,
    kind: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **more: object,
) -> Response:
    """The response of one problem; its type ends with `kind`, and `more` are optional fields of `Problem`."""
    body = problem_body(status, kind, detail, request.url.path, correlation_id.get() or "")
    body |= {name: value for name, value in more.items() if value}
    page: ErrorPage | None = getattr(request.app.state, "error_page", None)
    if page is not None and wants_page(request):
        answer = page(request, body)
        answer.headers.update(headers or {})
        return answer
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def problem_body(status: int, kind: str, detail: str, instance: str, request_id: str) -> dict[str, Any]:
    """The required fields of a problem."""
    return {
        "type": PREFIX + kind,
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
    }


def install(app: FastAPI) -> None:
    """Makes every error of the application's routes a problem."""
    app.add_exception_handler(AmlError, _aml_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)


def aml_problem(request: Request, exc: AmlError) -> Response:
    """An error of the product as a response, with its headers and optional fields."""
    headers, more = _headers_and_fields(exc)
    if isinstance(exc, InvalidInput) and exc.name is not None:
        more["errors"] = [_of_parameter(request, exc, exc.name)]
    return problem(request, exc.status, exc.kind, str(exc), headers=headers, **more)


def _aml_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, AmlError)  # noqa: S101 - registered for this class alone
    return aml_problem(request, exc)


def _of_parameter(request: Request, exc: InvalidInput, name: str) -> dict[str, str]:
    if name in request.path_params:
        location = "path"
    elif name in request.query_params:
        location = "query"
    else:
        location = "header" if name.lower() in request.headers else "body"
    return {
        "location": location,
        "name": name,
        "reason": getattr(exc, "reason", exc.kind.replace("-", "_")),
        "detail": str(exc),
    }


def _headers_and_fields(exc: AmlError) -> tuple[dict[str, str], dict[str, object]]:
    match exc:
        case AmbiguousWallet():
            return {}, {"choices": exc.choices}
        case UnknownAddress() | InvalidEvent():
            return {}, {"reason": exc.reason}
        case Unauthorized():
            return {"WWW-Authenticate": "Bearer"}, {}
        case UnsupportedEncoding():
            return {"Accept-Encoding": "identity"}, {}
        case TooManyRequests():
            return {"Retry-After": str(exc.retry_after)}, {}
        case InUse():
            headers = {"Retry-After": str(exc.RETRY_SECONDS)}
            if exc.location is not None:
                headers["Location"] = exc.location
            return headers, {"run_id": exc.run_id}
        case _:
            return {}, {}


def _http_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for this class alone
    headers = dict(exc.headers) if exc.headers else {}
    if exc.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    kind = KIND_OF_STATUS.get(exc.status_code, "http")
    detail = exc.detail
    if detail == HTTPStatus(exc.status_code).phrase:  # the framework's, which says nothing
        detail = _DETAILS.get(exc.status_code, detail).format(allowed=headers.get("Allow"))
    return problem(request, exc.status_code, kind, detail, headers=headers)


_DETAILS = {
    404: "Nothing is at this address. The API's routes stand under /v1: /openapi.json lists them.",
    405: "This route answers {allowed} alone.",
}


def _allowed(request: Request) -> list[str]:
    """The methods of the path; the framework names those of the first route that has it."""
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
    allowed = [
        method
        for method in methods
        for route in request.app.router.routes
        if route.matches({**request.scope, "method": method, "fastapi": {}})[0] is Match.FULL
    ]
    return [*dict.fromkeys(allowed), *(["HEAD"] if "GET" in allowed else [])]


def _invalid_request(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101 - registered for this class alone
    found = exc.errors()
    errors = [_invalid_parameter(request, error) for error in islice(found, MAX_ERRORS)]
    detail = "; ".join(f"{error['name']}: {error['detail']}" for error in errors)
    more = len(found) - len(errors) + (exc.more if isinstance(exc, MoreErrors) else 0)
    if more:
        detail += f"; and {more} more."
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-input", detail, errors=errors)


def _invalid_parameter(request: Request, error: dict[str, Any]) -> dict[str, str]:
    """One error of pydantic; what it says of bodies that are no JSON means nothing to who sent them."""
    location, *path = map(str, error["loc"])
    name, reason, detail = ".".join(path) or location, error["type"], error["msg"]
    if location == "header":
        name = "-".join(part.capitalize() for part in name.split("-"))
    detail = _IN_JSON.get(reason, detail)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if reason == "json_invalid":
        name, detail = location, f"This is no JSON, at character {'.'.join(path)}: {error['ctx']['error']}."
    elif (location, path) == ("body", []) and not _is_json(media_type):
        said = f"it is {media_type}" if media_type else "there is none"
        reason, detail = "wrong_media_type", f"The header Content-Type must be application/json; {said}."
    return {
        "location": location,
        "name": shortened(name),
        "reason": reason,
        "detail": shortened(detail.removeprefix("Value error, "), MAX_DETAIL_LENGTH),
    }


def shortened(text: str, length: int = MAX_NAME_LENGTH) -> str:
    """The text, or its beginning: a client knows what it has sent."""
    return text if len(text) <= length else f"{text[:length]}…"


_IN_JSON = {
    "dict_type": "Input should be an object",
    "model_type": "Input should be an object",
    "model_attributes_type": "Input should be an object",
    "list_type": "Input should be a list",
    "none_required": "Input should be null",
}
"""What pydantic says in words of Python, in those of JSON."""


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
