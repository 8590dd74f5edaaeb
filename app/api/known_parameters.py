"""A query parameter that the route does not have is an error: it is a typing mistake more often than not."""

from collections.abc import Iterator
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.api.problems import MAX_ERRORS, MoreErrors, shortened
from app.errors import AmlError


async def only_known_parameters(request: Request) -> None:
    """Refuses query parameters that the route does not have, and one that is there twice.

    Raises:
        RequestValidationError: there is one.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        raise AmlError("This dependency is for routes of the API.")
    known, errors, seen = set(_of(route.dependant)), list[dict[str, Any]](), set[str]()
    more = 0
    for name, _ in request.query_params.multi_items():
        is_wrong = name not in known or name in seen
        if is_wrong and len(errors) == MAX_ERRORS:
            more += 1
        elif name not in known:
            detail = f"There is no such parameter; known are: {', '.join(sorted(known)) or 'none'}."
            errors.append({"loc": ("query", shortened(name)), "type": "unknown_parameter", "msg": detail})
        elif name in seen:
            errors.append({"loc": ("query", name), "type": "repeated_parameter", "msg": "It is there twice."})
        seen.add(name)
    if errors:
        raise MoreErrors(errors, more)


def _of(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for dependency in dependant.dependencies:
        yield from _of(dependency)
