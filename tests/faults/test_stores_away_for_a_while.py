"""The real servers are frozen, in turn and together, while the API is asked: it never waits with them."""

import json
import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from time import monotonic
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil
import pytest
from sqlalchemy import make_url

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.kafka.topics import ensure_topics
from tests.support.commands import free_port, process
from tests.support.environment import API_TOKEN, environment
from tests.support.ingesting import wait_until
from tests.support.run_story import ALICE, tell_project_and_score
from tests.support.servers.choice import Servers

SECONDS = 8.0
CLIENTS = 8
LIMITS = {"/health": 0.5, "/ready": 2.5}
ANSWER_SECONDS = 10.0
BUSY_SECONDS = 1.0
"""What two cores that several share may add, but for /health."""
PATHS = [
    "/",
    "/scores/top",
    f"/scores/{ALICE}",
    f"/scores/explain/{ALICE}",
    f"/wallets/{ALICE}",
    f"/explore/{ALICE}",
    "/ingestion/status",
    "/ingestion",
    "/metrics",
    "/v1/runs",
    f"/v1/scores/{ALICE}/report?format=json",
    f"/v1/wallets/{ALICE}/transfers",
]


class Answer(NamedTuple):
    """What came of one request; the status is 0 where the connection was refused."""

    path: str
    status: int
    seconds: float


@pytest.fixture
def port(settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path) -> Iterator[int]:
    """Of the API as a process of its own."""
    ensure_topics(settings)
    tell_project_and_score(postgres, graph, "ledger")
    port = free_port()
    variables = {
        **environment(settings),
        "AML_API_TOKEN": API_TOKEN,
        "AML_API_PORT": str(port),
        "AML_LOG_FORMAT": "json",
    }
    with process(["api"], variables, tmp_path / "api.log"):
        wait_until(lambda: ask(port, "/ready").status == 200)
        yield port


def ask(port: int, path: str) -> Answer:
    """One request over a connection of its own."""
    started = monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {API_TOKEN}"})
        answer = connection.getresponse()
        answer.read()
    except OSError:
        return Answer(path, 0, monotonic() - started)
    finally:
        connection.close()
    return Answer(path, answer.status, monotonic() - started)


def listening(port: int | None) -> int:
    """The process that listens there: earlier tests may have killed the one the session began with."""
    return next(
        each.pid
        for each in psutil.net_connections("tcp")
        if each.status == psutil.CONN_LISTEN and each.laddr.port == port and each.pid is not None
    )


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """Inside the block these processes and all their children stand still."""
    trees = [psutil.Process(pid) for pid in pids]
    every = [each for tree in trees for each in (tree, *tree.children(recursive=True))]
    for each in every:
        each.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for each in every:
            if each.is_running():
                each.send_signal(signal.SIGCONT)


def asked_for_a_while(port: int) -> list[Answer]:
    """Several clients ask for everything, and two for nothing but health and readiness."""
    stop = Event()

    def go_on(paths: list[str], pause: float) -> list[Answer]:
        answers = []
        while not stop.is_set():
            answers.append(ask(port, random.choice(paths)))
            stop.wait(pause)
        return answers

    with ThreadPoolExecutor(CLIENTS + 2) as pool:
        clients = [pool.submit(go_on, PATHS, 0.0) for _ in range(CLIENTS)]
        clients += [pool.submit(go_on, ["/health"], 0.02), pool.submit(go_on, ["/ready"], 0.2)]
        stop.wait(SECONDS)
        stop.set()
        return [answer for client in clients for answer in client.result()]


@pytest.mark.parametrize("away", [["postgres"], ["neo4j"], ["postgres", "neo4j"]], ids="-".join)
def test_the_api_answers_within_its_limits(
    servers: Servers, settings: Settings, port: int, away: list[str]
) -> None:
    if not servers.pids:
        pytest.skip("the servers are no processes of this machine")
    ports = {
        "postgres": make_url(settings.postgres_url.get_secret_value()).port,
        "neo4j": urlsplit(settings.neo4j_url).port,
    }
    with frozen([listening(ports[name]) for name in away]):
        answers = asked_for_a_while(port)
    figures = {}
    for path in {each.path for each in answers}:
        seconds = sorted(each.seconds for each in answers if each.path == path)
        figures[path] = (len(seconds), seconds[int(len(seconds) * 0.99)], seconds[-1])
    print(json.dumps({"away": away, "count, p99, worst": figures}))  # noqa: T201 - the measurement
    assert {each.status for each in answers if each.path == "/health"} == {200}
    assert figures["/health"][1] < LIMITS["/health"]
    assert [each for each in answers if each.status in {0, 500, 502, 504}] == []
    late = {path: worst for path, (_, _, worst) in figures.items() if path != "/health"}
    assert {
        path: worst for path, worst in late.items() if worst > LIMITS.get(path, ANSWER_SECONDS) + BUSY_SECONDS
    } == {}
    wait_until(lambda: ask(port, "/ready").status == 200)
    assert ask(port, f"/scores/explain/{ALICE}").status == 200
