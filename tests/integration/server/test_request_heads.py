"""Heads that two servers may read differently are refused, and so is what need not be received."""

import gzip
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.environment import API_TOKEN
from tests.support.serving import served

HOST = b"Host: 127.0.0.1\r\n"
AUTHORIZATION = f"Authorization: Bearer {API_TOKEN}\r\n".encode()


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    with served(settings, postgres, graph) as client:
        yield client


@contextmanager
def connected(client: httpx.Client) -> Iterator[socket.socket]:
    with socket.create_connection(
        (client.base_url.host, client.base_url.port or 0), timeout=30
    ) as connection:
        yield connection


def everything(client: httpx.Client, sent: bytes) -> bytes:
    """All that the server answers until it closes the connection."""
    with connected(client) as connection:
        connection.sendall(sent)
        received = b""
        while part := connection.recv(65_536):
            received += part
        return received


def test_bytes_behind_a_body_of_two_lengths_are_no_request(client: httpx.Client) -> None:
    smuggled = b"GET /v1/version HTTP/1.1\r\n" + HOST + AUTHORIZATION + b"\r\n"
    answer = everything(
        client,
        b"POST /v1/run-score HTTP/1.1\r\n"
        + HOST
        + AUTHORIZATION
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        + smuggled,
    )
    assert answer.startswith(b"HTTP/1.1 422")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower()


def test_a_slash_that_is_escaped_separates_nothing(client: httpx.Client) -> None:
    for path in (
        "/v1%2fversion", "/v1%2Fversion", "/%2fv1/version", "/v1/scores%2ftop", "/runs%2f1", "/sign-in%2f",
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path


def test_a_slash_that_is_escaped_is_a_part_of_its_segment(client: httpx.Client) -> None:
    answer = client.get("/v1/scores/https%3A%2F%2Fexample.com%2Fa")
    assert answer.status_code in {404, 422}
    assert "Nothing is at this address" not in answer.json()["detail"]
    assert "https://example.com/a" in answer.text or answer.json().get("reason")


def test_a_target_with_its_host_is_answered(client: httpx.Client) -> None:
    url = str(client.base_url).rstrip("/").encode()
    end = AUTHORIZATION + b"Connection: close\r\n\r\n"
    own = everything(client, b"GET " + url + b"/v1/version HTTP/1.1\r\nHost: evil.example\r\n" + end)
    assert own.startswith(b"HTTP/1.1 200")  # RFC 9112, 3.2.2: the target counts, and not the header
    foreign = everything(client, b"GET http://evil.example/v1/version HTTP/1.1\r\n" + HOST + end)
    assert foreign.startswith(b"HTTP/1.1 403")


def test_a_host_that_is_none_is_refused(client: httpx.Client) -> None:
    for host in (
        "evil.com@127.0.0.1", "127.0.0.1:xx", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1/evil", "[::1",
        "127.0.0.1 evil", "127.0.0.1?x", "127.0.0.1,evil", "",
    ):  # fmt: skip
        for path in ("/v1/version", "/health", "/"):
            assert client.get(path, headers={"Host": host}).status_code == 403, (host, path)
    for host in ("127.0.0.1", "127.0.0.1:80", "LOCALHOST:8000", "[::1]:1", "localhost"):
        assert client.get("/v1/version", headers={"Host": host}).status_code == 200, host


def test_a_body_that_is_compressed_is_refused(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    for coding in ("gzip", "GZIP", "br", "identity, gzip", "x"):
        body = gzip.compress(b"{}")
        answer = client.post("/v1/run-score", content=body, headers=headers | {"Content-Encoding": coding})
        assert answer.status_code == 415, coding
        assert answer.headers["accept-encoding"] == "identity"
        assert answer.json()["type"] == "urn:aml:problem:unsupported-encoding"
    answer = client.post("/v1/run-score", content=b"[]", headers=headers | {"Content-Encoding": "identity"})
    assert answer.status_code == 422


def test_a_body_that_says_it_is_too_large_is_not_waited_for(client: httpx.Client) -> None:
    for declared in (b"65537", b"99999999999999999999"):
        with connected(client) as connection:
            connection.sendall(
                b"POST /v1/run-score HTTP/1.1\r\n" + HOST + AUTHORIZATION
                + b"Content-Type: application/json\r\nContent-Length: " + declared + b"\r\n\r\n"
            )  # fmt: skip
            assert connection.recv(12) == b"HTTP/1.1 413"


def test_an_answer_is_compressed_for_those_who_take_it(client: httpx.Client) -> None:
    for accepted, coding in (
        ("gzip", "gzip"), ("GZIP", "gzip"), ("br, gzip;q=0.5", "gzip"), ("*", "gzip"), ("x-gzip", "gzip"),
        ("gzip ; q=1.0", "gzip"), ("*;q=0.1", "gzip"), ("gzip;q=0", None), ("gzip;q=0.000", None),
        ("notgzip", None), ("identity", None), ("*;q=0", None), ("gzip;q=0, *", None), ("gzip;q=x", None),
        ("identity;q=1, gzip;q=0.5", None), ("br", None), ("", None),
    ):  # fmt: skip
        answer = client.get("/openapi.json", headers={"Accept-Encoding": accepted})
        assert answer.headers.get("content-encoding") == coding, accepted
        assert "Accept-Encoding" in answer.headers["vary"]
        assert answer.json()["openapi"]
