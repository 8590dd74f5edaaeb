"""The cursor of a list of the API, bound to the filters that it came with."""

import json
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Depends, Request

from app.answers.cursors import asked_list
from app.api.params import PageCursor
from app.chains.spellings import chain_named
from app.chains.wallet_reference import normalise
from app.errors import InvalidInput

FREE: Final = frozenset(("cursor", "limit", "total", "run_id"))
"""Parameters that may change between two pages; a cursor of a run holds the run itself."""


async def _bound_cursor(request: Request, cursor: PageCursor = None) -> str | None:
    """The cursor as it was sent; from here on the cursors of this request belong to its filters."""
    asked_list.set(_text_of(request))
    return cursor


Cursor = Annotated[str | None, Depends(_bound_cursor)]


def _text_of(request: Request) -> Callable[[], str]:
    """What is made of the request when a cursor is read or written: to know an address may load a library."""
    path = request.scope["route"].path.removeprefix("/v1")
    parameters = {
        name: str(value)
        for name, value in (*request.path_params.items(), *request.query_params.items())
        if name not in FREE
    }

    def text() -> str:
        filters = sorted((name, _one_form(name, value)) for name, value in parameters.items())
        return json.dumps([path, filters])

    return text


def _one_form(name: str, value: str) -> str:
    """A wallet and a chain in one form, however they are spelled."""
    if name == "chain":
        return chain_named(value) or value
    if name != "wallet":
        return value
    try:
        return ",".join(candidate.address for candidate in normalise(value))
    except InvalidInput:
        return value
