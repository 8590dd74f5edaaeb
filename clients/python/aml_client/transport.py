"""Requests with retries: what is safe to repeat is repeated, with growing pauses and as the API says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import stamina
from pydantic import BaseModel, ValidationError

from aml_client.errors import ApiProblem, Busy, NotFound, NotReachable, Unauthorized
from aml_client.models import Problem

T = TypeVar("T", bound=BaseModel)
REPEATED = frozenset({429, 502, 503, 504})
"""Statuses that pass: too many requests, and a proxy or a store that is away."""
_KINDS: Mapping[int, type[ApiProblem]] = {401: Unauthorized, 404: NotFound} | dict.fromkeys(REPEATED, Busy)
_MAX_PAUSE = timedelta(seconds=60)


class _Again(Exception):
    """An attempt failed and another may succeed; `pause` is what the API asked for."""

    def __init__(self, cause: ApiProblem | NotReachable, pause: timedelta | None) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.pause = pause


class Transport:
    """One HTTP client, its token and its limits of time; safe to use from several threads."""

    def __init__(
        self, url: str, token: str, *, timeout_seconds: float, attempts: int, retry_seconds: float
    ) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=timeout_seconds,
        )
        self._attempts = attempts
        self._retry_seconds = retry_seconds

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def ask(
        self,
        answer: type[T],
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        query: Mapping[str, Any] | None = None,
        wait_seconds: int = 0,
        idempotency_key: str | None = None,
        is_repeatable: bool = True,
    ) -> T:
        """Sends a request, again where that is safe and may help, and gives its answer.

        Args:
            answer: the model of the answer.
            method: of HTTP.
            path: under the address of the instance.
            body: is sent as JSON without what is not set.
            query: parameters; those that are None are left out.
            wait_seconds: sent as `Prefer: wait=N`.
            idempotency_key: sent with every attempt; None makes a random one for `POST`.
            is_repeatable: False where another attempt would do it twice.

        Raises:
            ApiProblem: the instance refuses.
            NotReachable: it does not answer.
        """
        headers = {"Prefer": f"wait={wait_seconds}"} if wait_seconds else {}
        if method == "POST":
            headers["Idempotency-Key"] = idempotency_key or str(uuid4())
        request = self._http.build_request(
            method,
            path,
            params={name: value for name, value in (query or {}).items() if value is not None},
            content=None if body is None else body.model_dump_json(exclude_unset=True, exclude_none=True),
            headers=headers | ({"Content-Type": "application/json"} if body is not None else {}),
        )
        try:
            for attempt in stamina.retry_context(
                on=_pause,
                attempts=self._attempts if is_repeatable else 1,
                timeout=self._retry_seconds,
                wait_initial=0.2,
                wait_max=10.0,
            ):
                with attempt:
                    return self._once(answer, request)
        except _Again as exc:
            raise exc.cause from exc
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(self, answer: type[T], request: httpx.Request) -> T:
        try:
            response = self._http.send(request)
        except httpx.TransportError as exc:
            message = f"{request.url.host}:{request.url.port} does not answer: {exc or type(exc).__name__}"
            raise _Again(NotReachable(message), None) from exc
        if response.is_success:
            return answer.model_validate_json(response.content)
        problem = _problem(response)
        error = _KINDS.get(response.status_code, ApiProblem)(response.status_code, problem, response.text)
        if response.status_code in REPEATED:
            raise _Again(error, _asked_pause(response))
        raise error


def _pause(exc: Exception) -> bool | timedelta:
    """Whether to try again, and after which pause if the API said one."""
    if not isinstance(exc, _Again):
        return False
    return True if exc.pause is None else exc.pause


def _asked_pause(response: httpx.Response) -> timedelta | None:
    seconds = response.headers.get("Retry-After", "")
    return min(timedelta(seconds=int(seconds)), _MAX_PAUSE) if seconds.isdecimal() else None


def _problem(response: httpx.Response) -> Problem | None:
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:  # a proxy in between answered
        return None
