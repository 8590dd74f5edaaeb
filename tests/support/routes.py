"""Every route of the application, as a test walks them."""

from typing import Any
from urllib.parse import quote_from_bytes

from fastapi import FastAPI


def routes(app: FastAPI, *, aliases: bool = False) -> list[Any]:
    """Every route with its whole path, also of pages; those that stand under /v1 too are `aliases`."""
    included = [each for each in app.routes if hasattr(each, "effective_route_contexts")]
    found = [route for each in included for route in each.effective_route_contexts() if route.dependant]
    paths = {route.path for route in found}
    return found if aliases else [route for route in found if f"/v1{route.path}" not in paths]


def filled(path: str, value: bytes) -> str:
    """The path with the value in place of each of its parameters."""
    head, brace, rest = path.partition("{")
    if not brace:
        return path
    return head + quote_from_bytes(value, safe="") + filled(rest.partition("}")[2], value)
