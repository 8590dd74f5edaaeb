"""The application behind a real server inside a test."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import uvicorn
from fastapi import FastAPI

from app.logs import configure_logging
from app.server.application import create_app
from app.server.listening import Server
from app.server.serve import server_options
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.environment import API_TOKEN

TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}


@contextmanager
def served(settings: Settings, postgres: Postgres, graph: Graph, *, port: int = 0) -> Iterator[httpx.Client]:
    """A client of the application behind a real server; connections queue until it accepts them."""
    made = lambda configured: nullcontext(create_app(configured, postgres, graph))  # noqa: E731 - one line
    with running(made, settings, port=port) as client:
        yield client


@contextmanager
def running(
    make: Callable[[Settings], AbstractContextManager[FastAPI]], settings: Settings, *, port: int = 0
) -> Iterator[httpx.Client]:
    """A client of the application that `make` gives for the settings, behind a real server.

    It logs as `aml api` does: the default of structlog takes seconds to draw a traceback.
    """
    configure_logging("console")
    listener = socket.create_server(("127.0.0.1", port))
    port = listener.getsockname()[1]
    with make(settings.model_copy(update={"api_port": port})) as app:
        server = Server(uvicorn.Config(app, **server_options(settings) | {"log_level": "error"}))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        url = f"http://127.0.0.1:{port}"
        try:
            with httpx.Client(base_url=url, headers=TOKEN, timeout=60) as client:
                yield client
        finally:  # else the thread of a test that failed would keep the session from ending
            server.should_exit = True
            thread.join()
            listener.close()


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


def all_pages(api: httpx.Client, path: str, key: str, **params: str | int) -> list[dict[str, object]]:
    """The entries of all pages of a list."""
    found: list[dict[str, object]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.get(path, params={**params, **cursor}).raise_for_status().json()
        assert 0 < len(answer[key]) <= int(params["limit"]), (cursor, answer)
        found += answer[key]
        if answer["next"] is None:
            return found
        cursor = {"cursor": answer["next"]}
