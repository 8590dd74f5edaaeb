"""The application behind a real server inside a test."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from app.logs import configure_logging
from app.server.application import create_app
from app.server.serve import server_options
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.environment import API_TOKEN

TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}


@contextmanager
def served(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    """A client of the application behind a real server; connections queue until it accepts them.

    It logs as `aml api` does: the default of structlog takes seconds to draw a traceback.
    """
    configure_logging("console")
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = create_app(settings.model_copy(update={"api_port": port}), postgres, graph)
    server = uvicorn.Server(uvicorn.Config(app, **server_options(settings) | {"log_level": "error"}))
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
