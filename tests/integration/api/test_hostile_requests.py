"""No parameter, header or form field that a stranger chooses is a fault of the server, on any route."""

from collections.abc import Iterator
from typing import Any
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
from tests.support.serving import served

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


@pytest.fixture
def app(settings: Settings, postgres: Postgres, graph: Graph) -> FastAPI:
    return create_app(settings, postgres, graph)


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_project_and_score(postgres, graph, "ledger")
    with served(settings, postgres, graph) as client:
        yield client


def routes(app: FastAPI) -> list[Any]:
    """Every route with its whole path, also of pages."""
    included = [each for each in app.routes if hasattr(each, "effective_route_contexts")]
    return [route for each in included for route in each.effective_route_contexts() if route.dependant]


def names(dependant: Dependant, where: str) -> list[str]:
    """The names of a route's parameters in its query or form."""
    inner = [name for each in dependant.dependencies for name in names(each, where)]
    return [field.alias for field in getattr(dependant, f"{where}_params")] + inner


def filled(path: str, value: bytes) -> str:
    """The path with the value in place of each of its parameters."""
    head, brace, rest = path.partition("{")
    if not brace:
        return path
    return head + quote_from_bytes(value, safe="") + filled(rest.partition("}")[2], value)


def test_no_text_in_a_path_or_query_is_a_fault_of_the_server(app: FastAPI, client: httpx.Client) -> None:
    faults = []
    asked = 0
    for route in routes(app):
        if not (route.methods or set()) & {"GET", "POST"}:
            continue
        method = "GET" if "GET" in (route.methods or set()) else "POST"
        for value in HOSTILE:
            encoded = quote_from_bytes(value, safe="")
            urls = [filled(route.path, value)] if "{" in route.path else []
            good = filled(route.path, b"1")
            urls += [f"{good}?{name}={encoded}" for name in names(route.dependant, "query")]
            for url in urls:
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
