"""A field that a body writes twice is an error: readers of JSON disagree about which of the two counts."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool

Path = tuple[str | int, ...]
EACH_BY_ITSELF: Final = "/transfers"
"""The route whose messages are refused one by one."""
REASON: Final = "duplicate_field"
MAX_PATHS: Final = 20
"""A request names no more of them."""
_SHORT_BYTES: Final = 16_384
"""A longer body is looked at in a thread of its own: other requests are answered meanwhile."""


class _Repeated(dict[str, Any]):
    """An object that writes these fields twice."""

    names: tuple[str, ...] = ()


def repeated_fields(body: bytes) -> list[Path]:
    """Where in a JSON body a field is written twice; nowhere in what is no JSON, which others refuse."""
    has_any = False

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal has_any
        fields = dict(pairs)
        if len(fields) == len(pairs):
            return fields
        has_any = True
        names = [name for name, _ in pairs]
        repeated = _Repeated(fields)
        repeated.names = tuple(name for name in fields if names.count(name) > 1)
        return repeated

    try:
        value = json.loads(body, object_pairs_hook=made)
    except (ValueError, RecursionError):
        return []
    return list(_paths(value, ())) if has_any else []


def _paths(value: object, at: Path) -> Iterator[Path]:
    if isinstance(value, _Repeated):
        yield from ((*at, name) for name in value.names)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths(inner, (*at, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _paths(inner, (*at, place))


async def no_repeated_fields(request: Request) -> None:
    """Refuses a body that writes a field twice.

    Raises:
        RequestValidationError: it does.
    """
    paths = await _of(request)
    if request.scope["route"].path.endswith(EACH_BY_ITSELF):
        paths = [path for path in paths if not _is_of_event(path)]
    if paths:
        detail = "This field is written twice."
        raise RequestValidationError(
            [{"loc": ("body", *path), "type": REASON, "msg": detail} for path in paths[:MAX_PATHS]]
        )


async def _events(request: Request) -> frozenset[int]:
    return frozenset(int(path[1]) for path in await _of(request) if _is_of_event(path))


RepeatingEvents = Annotated[frozenset[int], Depends(_events)]
"""The places in a list of events of those that write a field twice."""


def _is_of_event(path: Path) -> bool:
    return len(path) > 2 and path[0] == "transfers" and isinstance(path[1], int)  # noqa: PLR2004 - list, place, field


async def _of(request: Request) -> list[Path]:
    if request.method not in {"POST", "PUT", "PATCH"}:
        return []
    body = await request.body()
    if len(body) <= _SHORT_BYTES:
        return repeated_fields(body)
    return await run_in_threadpool(repeated_fields, body)
