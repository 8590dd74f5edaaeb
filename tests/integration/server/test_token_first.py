"""Who has no token is told so before a byte of the body is read, and every request is counted."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.serving import TOKEN, served

NO_TOKEN = {"Authorization": ""}
JSON = {"Content-Type": "application/json"}
BROKEN = b"{"


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    with served(settings, postgres, graph) as client:
        yield client


@pytest.fixture
def limited(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    configured = settings.model_copy(update={"api_requests_per_minute": 3})
    with served(configured, postgres, graph) as client:
        yield client


def first_line(client: httpx.Client, head: str) -> bytes:
    """The status line of the answer to a head whose body never comes."""
    with socket.create_connection(
        (client.base_url.host, client.base_url.port or 0), timeout=15
    ) as connection:
        connection.sendall(f"{head}\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n".encode())
        return connection.recv(12)


def test_a_broken_body_without_a_token_is_refused_for_the_token(client: httpx.Client) -> None:
    for path in ("/v1/labels", "/v1/transfers", "/v1/screenings", "/v1/run-score", "/run-score"):
        for headers in (NO_TOKEN, {"Authorization": "Bearer other"}, {"Authorization": "Basic YTpi"}):
            answer = client.post(path, content=BROKEN, headers=headers | JSON)
            assert answer.status_code == 401, answer.text
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"
        assert client.post(path, content=BROKEN, headers=JSON).status_code == 422


def test_the_body_of_a_stranger_is_not_waited_for(client: httpx.Client) -> None:
    assert first_line(client, "POST /v1/labels HTTP/1.1\r\nContent-Type: application/json") == b"HTTP/1.1 401"
    form = "Content-Type: application/x-www-form-urlencoded"
    assert first_line(client, f"POST /runs HTTP/1.1\r\n{form}") == b"HTTP/1.1 401"
    assert first_line(client, f"POST /runs HTTP/1.1\r\nAccept: text/html\r\n{form}") == b"HTTP/1.1 303"


def test_a_session_of_no_page_is_refused_before_its_body(client: httpx.Client) -> None:
    signed_in = client.post("/sign-in", data={"token": TOKEN["Authorization"].removeprefix("Bearer ")})
    assert signed_in.status_code == 303
    answer = client.post("/v1/labels", content=BROKEN, headers=NO_TOKEN | JSON)
    assert answer.status_code == 403
    own = {"Origin": str(client.base_url)}
    assert client.post("/v1/labels", content=BROKEN, headers=NO_TOKEN | JSON | own).status_code == 422
    assert client.get("/v1/version", headers=NO_TOKEN).status_code == 200


def test_broken_bodies_are_counted(limited: httpx.Client) -> None:
    for headers in (JSON, JSON | NO_TOKEN, JSON):
        assert limited.post("/v1/labels", content=BROKEN, headers=headers).status_code in {401, 422}
    answer = limited.post("/v1/labels", content=BROKEN, headers=JSON)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert limited.get("/v1/health").status_code == limited.get("/health").status_code == 200


def test_who_says_where_a_request_came_from_is_counted_all_the_same(limited: httpx.Client) -> None:
    answers = [
        limited.get("/v1/version", headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(5)
    ]
    assert answers == [200, 200, 200, 429, 429]


def test_a_named_proxy_says_where_a_request_came_from(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    changes = {"api_requests_per_minute": 1, "forwarded_allow_ips": "127.0.0.1"}
    with served(settings.model_copy(update=changes), postgres, graph) as client:
        for number in range(3):
            forwarded = {"X-Forwarded-For": f"203.0.113.{number}"}
            assert client.get("/v1/version", headers=forwarded).status_code == 200
            assert client.get("/v1/version", headers=forwarded).status_code == 429


def test_refusals_are_measured_by_route(client: httpx.Client) -> None:
    client.post("/v1/labels", content=BROKEN, headers=NO_TOKEN | JSON)
    assert 'method="POST",route="/v1/labels",status="401"' in client.get("/metrics").text


def test_a_page_of_a_named_origin_reads_its_refusal(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    origin = "https://desk.example"
    with served(settings.model_copy(update={"cors_origins": origin}), postgres, graph) as client:
        refused = client.get("/v1/version", headers=NO_TOKEN | {"Origin": origin})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == origin
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert client.options("/v1/labels", headers=NO_TOKEN | asked).status_code == 200
