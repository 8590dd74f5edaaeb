"""Of every route it is known whether it asks for a token, and none that does receives a byte before."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import Message

from app.server.application import create_app
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.limits import Work
from app.stores.postgres import Postgres
from tests.support.environment import API_TOKEN
from tests.support.serving import filled, routes

NOWHERE = "127.0.0.1:1"
PUBLIC = {
    "/health", "/ready", "/v1/health", "/v1/ready", "/sign-in", "/sign-out", "/openapi.json", "/docs",
}  # fmt: skip
"""Paths without a token; and what the pages and Neo4j Browser load."""


@pytest.fixture(scope="module")
def app() -> Iterator[FastAPI]:
    settings = Settings(
        postgres_url=SecretStr(f"postgresql://u:p@{NOWHERE}/none"),
        neo4j_url=f"bolt://{NOWHERE}",
        neo4j_password=SecretStr("x"),
        kafka_bootstrap_servers=NOWHERE,
        api_token=SecretStr(API_TOKEN),
        api_auth="on",
    )
    postgres = Postgres(settings.postgres_url, Work.READ)
    graph = Graph(settings.neo4j_url, "neo4j", settings.neo4j_password, retry_seconds=0)
    yield create_app(settings, postgres, graph)
    graph.close()
    postgres.close()


def answer(app: FastAPI, method: str, path: str, *headers: tuple[bytes, bytes]) -> Message:
    """The head of the answer to a request whose body nobody may receive."""
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("a byte of the body was received")

    async def send(message: Message) -> None:
        sent.append(message)

    target, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
        "method": method, "scheme": "http", "path": target, "raw_path": target.encode(),
        "query_string": query.encode(), "root_path": "",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), *headers],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent[0]


def behind_the_token(app: FastAPI) -> list[tuple[str, str]]:
    return [
        (method, filled(route.path, b"1"))
        for route in routes(app, aliases=True)
        if route.path not in PUBLIC and not route.path.startswith(("/browser-guide", "/docs"))
        for method in route.methods
    ]


def test_no_route_behind_the_token_receives_a_byte_of_a_stranger(app: FastAPI) -> None:
    asked = behind_the_token(app)
    assert len(asked) > 90
    for method, path in asked:
        for header in ((), ((b"authorization", b"Bearer other"),), ((b"authorization", b"Basic YTpi"),)):
            head = answer(app, method, path, *header)
            assert head["status"] == 401, (method, path)
            assert (b"www-authenticate", b"Bearer") in head["headers"]


def test_a_browser_without_a_session_is_sent_to_sign_in(app: FastAPI) -> None:
    head = answer(app, "POST", "/runs", (b"accept", b"text/html"))
    assert head["status"] == 303
    assert (b"location", b"/sign-in?next=%2F") in head["headers"]


def test_a_path_without_a_route_needs_no_token(app: FastAPI) -> None:
    assert answer(app, "GET", "/v1/nothing")["status"] == 404
    assert answer(app, "DELETE", "/v1/version")["status"] == 405
