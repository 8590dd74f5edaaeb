"""No parameter, header or form field that a stranger chooses is a fault of the server, on any route."""

import os
import socket
from collections.abc import Iterator
from itertools import cycle
from urllib.parse import quote_from_bytes

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant

from app.server.application import create_app
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.run_story import ALICE, tell_project_and_score
from tests.support.serving import filled, routes, served

HOSTILE = [
    b"\0",
    b"a\0b",
    b"ethereum:\0",
    ALICE.encode() + b"\0",
    b"//[",
    b"http://[",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # half of a surrogate pair
    "\u0661\u0662".encode(),  # digits that are not ASCII
    "\u202e\u200b".encode(),
    b"9" * 40,
    b"-1",
    b"1e999",
    b"NaN",
    b"%s{}${x}'\";--",
    b"../../../../etc/passwd",
    b"{{7*7}}",
]


EVERY = int(os.environ.get("AML_HOSTILE_EVERY", "4"))
"""Each parameter is asked with one text in so many, the next one with the next; with 1 by all."""


@pytest.fixture
def app(settings: Settings, postgres: Postgres, graph: Graph) -> FastAPI:
    return create_app(settings, postgres, graph)


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_project_and_score(postgres, graph, "ledger")
    with served(settings, postgres, graph) as client:
        yield client


def names(dependant: Dependant, where: str) -> list[str]:
    """The names of a route's parameters in its query or form."""
    inner = [name for each in dependant.dependencies for name in names(each, where)]
    return [field.alias for field in getattr(dependant, f"{where}_params")] + inner


def test_no_text_in_a_path_or_query_is_a_fault_of_the_server(app: FastAPI, client: httpx.Client) -> None:
    faults = []
    asked = 0
    begin = cycle(range(EVERY))
    for route in routes(app):
        if not (route.methods or set()) & {"GET", "POST"}:
            continue
        method = "GET" if "GET" in (route.methods or set()) else "POST"
        good = filled(route.path, b"1")
        urls = [[filled(route.path, value) for value in HOSTILE]] if "{" in route.path else []
        urls += [
            [f"{good}?{name}={quote_from_bytes(value, safe='')}" for value in HOSTILE]
            for name in names(route.dependant, "query")
        ]
        for of_one_parameter in urls:
            first = next(begin)
            for url in of_one_parameter[first::EVERY]:
                asked += 1
                answer = client.request(method, url)
                if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
                    faults.append(f"{method} {url}")
    assert asked > 500
    assert faults == []


def test_no_field_of_a_form_is_a_fault_of_the_server(app: FastAPI, client: httpx.Client) -> None:
    faults = []
    asked = 0
    for route in routes(app):
        for name in names(route.dependant, "body"):
            for value in HOSTILE:
                asked += 1
                body = f"{name}=".encode() + quote_from_bytes(value, safe="").encode()
                form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": str(client.base_url)}
                answer = client.post(filled(route.path, b"1"), content=body, headers=form)
                if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
                    faults.append(f"{route.path} {body!r}")
    assert asked > len(HOSTILE)
    assert faults == []


@pytest.mark.parametrize(
    "name", ["Origin", "Host", "Referer", "Idempotency-Key", "Prefer", "Cookie", "Accept"]
)
def test_no_header_is_a_fault_of_the_server(client: httpx.Client, name: str) -> None:
    for value in [value for value in HOSTILE if b"\0" not in value]:
        for url in ("/sign-in?next=//[", "/v1/run-score"):
            answer = client.post(url, headers=[(name.encode(), value)])
            assert answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR, (url, value)
    assert client.get("/health").status_code == httpx.codes.OK


def test_a_body_of_two_lengths_is_refused(client: httpx.Client) -> None:
    host, port = client.base_url.host, client.base_url.port or 0
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/run-score HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        assert connection.recv(12) == b"HTTP/1.1 422"


def test_no_answer_is_kept_by_a_cache_on_the_way(client: httpx.Client) -> None:
    for path in ("/v1/scores/top", f"/v1/scores/{ALICE}", "/health", "/v1/nothing", "/"):
        assert client.get(path).headers["cache-control"] == "no-store", path


def test_no_redirect_follows_the_host_header(client: httpx.Client) -> None:
    for path in ("/v1/runs/", "/health/", "/sign-in", "/wallets/"):
        answer = client.get(path, headers={"Accept": "text/html", "Authorization": "", "Host": "localhost:1"})
        assert not answer.headers.get("location", "/").startswith(("http:", "//")), path
