"""Strangers who open connections and send or read nothing hold nothing, and others are answered meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep

import httpx
import psutil
import pytest

from app.server import connections
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.ingesting import wait_until
from tests.support.serving import served

HEAD = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
KINDS = {
    "silent": b"",
    "half a head": HEAD,
    "half a body": b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nabc",
    "half a second head": HEAD + b"\r\nGET /",
}


@pytest.fixture
def client(
    settings: Settings, postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "READ_SECONDS"):
        monkeypatch.setattr(connections, name, 2.0)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 60)
    with served(settings, postgres, graph) as client:
        yield client


@contextmanager
def opened(client: httpx.Client, number: int, sent: bytes) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(_connection(client, sent)) for _ in range(number)]


def _connection(client: httpx.Client, sent: bytes) -> socket.socket:
    connection = socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=30)
    connection.sendall(sent)
    return connection


def ended(connection: socket.socket) -> bool:
    """Whether the server has ended it, within a minute: what it answered is read first."""
    connection.settimeout(60)
    try:
        while connection.recv(65_536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_without_a_whole_request_ends(client: httpx.Client, kind: str) -> None:
    with opened(client, 5, KINDS[kind]) as strangers:
        assert all(ended(each) for each in strangers)
    assert client.get("/health").status_code == 200


def test_bytes_that_come_one_by_one_prolong_nothing(client: httpx.Client) -> None:
    with opened(client, 1, HEAD) as (stranger,):
        deadline = monotonic() + 60
        while monotonic() < deadline:
            try:
                stranger.sendall(b"a")
            except ConnectionError:
                return
            sleep(0.05)
        pytest.fail("the connection is open after a minute")


def test_an_answer_that_nobody_reads_ends(client: httpx.Client) -> None:
    document = client.get("/openapi.json").content
    requests = 100 * b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with opened(client, 1, requests) as (stranger,):
        sleep(6)  # three times the limit; the buffers of both sockets hold fewer of these documents
        stranger.settimeout(60)
        read = 0
        try:
            while received := stranger.recv(1 << 20):
                read += len(received)
        except ConnectionError:
            pass
        assert read < 99 * len(document)


def test_of_too_many_connections_those_end_that_wait_longest(client: httpx.Client) -> None:
    assert client.get("/health").status_code == 200  # this one is kept open, and waits from here on
    with opened(client, 200, b"") as strangers:
        for _ in range(20):
            with httpx.Client(base_url=client.base_url, timeout=30) as another:
                assert another.get("/health").status_code == 200
        assert all(ended(each) for each in strangers[:100])


def test_of_many_that_come_at_once_no_more_are_open_than_may_be(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 60.0)  # only their number ends one
    with opened(client, 600, b""):
        assert client.get("/health").status_code == 200
        wait_until(lambda: _open_at(client) <= connections.MAX_CONNECTIONS, 30)


@pytest.mark.parametrize("framing", [b"Content-Length: 3", b"Transfer-Encoding: chunked"])
def test_a_body_may_come_after_its_head(client: httpx.Client, framing: bytes) -> None:
    body = b"a=b" if b"Length" in framing else b"3\r\na=b\r\n0\r\n\r\n"
    for pause in (0.2, 1.5):
        with opened(client, 1, POST + framing + b"\r\n\r\n") as (stranger,):
            sleep(pause)
            stranger.sendall(body)
            assert stranger.recv(65_536).startswith(b"HTTP/1.1 401 ")  # it is no token


def test_who_sends_no_body_or_waits_for_leave_is_answered(client: httpx.Client) -> None:
    """A request is held for a second at most, and not at all where nothing is to come."""
    with opened(client, 1, POST + b"Content-Length: 9\r\n\r\n") as (silent,):
        assert ended(silent)
    for rest in (b"Content-Length: 0\r\n\r\n", b"\r\n"):
        with opened(client, 1, POST + rest) as (bodiless,):
            assert bodiless.recv(65_536).startswith(b"HTTP/1.1 401 ")
    with opened(client, 1, POST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n") as (patient,):
        assert patient.recv(65_536).startswith(b"HTTP/1.1 100 ")
        patient.sendall(b"a=b")
        assert patient.recv(65_536).startswith(b"HTTP/1.1 401 ")


def _open_at(client: httpx.Client) -> int:
    """Open connections of the server, which is in this process."""
    every = psutil.Process().net_connections("tcp")
    return sum(each.laddr.port == client.base_url.port and each.status == "ESTABLISHED" for each in every)


def test_bytes_behind_a_request_prolong_no_unread_answer(client: httpx.Client) -> None:
    document = client.get("/openapi.json").content
    requests = 100 * b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with opened(client, 1, requests) as (stranger,):
        for _ in range(12):  # three times the limit
            sleep(0.5)
            try:
                stranger.sendall(b"G")
            except ConnectionError:
                return
        stranger.settimeout(60)
        read = 0
        try:
            while received := stranger.recv(1 << 20):
                read += len(received)
        except ConnectionError:
            pass
        assert read < 99 * len(document)
