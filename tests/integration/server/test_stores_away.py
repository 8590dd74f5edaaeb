"""A store that hangs or is gone: every route answers, or says so with 503, within its stated limit."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from threading import Event
from time import monotonic, sleep
from typing import Literal, NamedTuple

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from app.server.application import create_app
from app.server.serve import application
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.kafka.topics import ensure_topics
from tests.support.ingesting import wait_until
from tests.support.run_story import ALICE, tell_project_and_score
from tests.support.servers.proxy import Proxy
from tests.support.serving import TOKEN, filled, routes, running

ANSWER_SECONDS = 10.0
READY_SECONDS = 2.5
HEALTH_SECONDS = 0.5
SCHEDULING_SECONDS = 1.0
"""What a machine with two busy cores may add to a limit of seconds."""
ASKERS = 12


class Site(NamedTuple):
    """The application on stores whose wires a test can hold or cut."""

    client: httpx.Client
    paths: list[str]
    record: Proxy
    graph: Proxy


class Answer(NamedTuple):
    """What came of one request."""

    path: str
    status: int
    seconds: float


@pytest.fixture
def site(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[Site]:
    ensure_topics(settings)
    tell_project_and_score(postgres, graph, "ledger")
    url = make_url(settings.postgres_url.get_secret_value())
    with ExitStack() as stack:
        to_record, to_graph = Proxy(f"postgresql://{url.host}:{url.port}"), Proxy(settings.neo4j_url)
        for proxy in (to_record, to_graph):
            stack.callback(proxy.close)
        far = settings.model_copy(
            update={
                "postgres_url": SecretStr(
                    url.set(host="127.0.0.1", port=to_record.port).render_as_string(hide_password=False)
                ),
                "neo4j_url": to_graph.url,
                "evidence_timeout_seconds": 2.0,
            }
        )
        client = stack.enter_context(running(application, far))
        paths = [
            filled(route.path, ALICE.encode() if "wallet" in route.path else b"1")
            for route in routes(create_app(settings, postgres, graph), aliases=True)
            if "GET" in (route.methods or set())
        ]
        site = Site(client, paths, to_record, to_graph)
        wait_until(lambda: ask(site, "/ready").status == 200)
        yield site


def ask(site: Site, path: str) -> Answer:
    """One request over a connection of its own."""
    started = monotonic()
    connection = HTTPConnection("127.0.0.1", site.client.base_url.port, timeout=120)
    try:
        connection.request("GET", path, headers=TOKEN)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return Answer(path, answer.status, monotonic() - started)


@contextmanager
def health_of(site: Site) -> Iterator[list[Answer]]:
    """Asks for the health of the process again and again inside the block."""
    stop, answers = Event(), []

    def watch() -> None:
        while not stop.is_set():
            answers.append(ask(site, "/health"))
            sleep(0.02)

    with ThreadPoolExecutor(1) as thread:
        watching = thread.submit(watch)
        try:
            yield answers
        finally:
            stop.set()
            watching.result()


def walked(site: Site) -> list[Answer]:
    """Every route, asked by several at once, twice over."""
    with ThreadPoolExecutor(ASKERS) as pool:
        return list(pool.map(lambda path: ask(site, path), site.paths * 2))


def check(answers: list[Answer], health: list[Answer]) -> None:
    limits = {
        f"{version}{path}": seconds
        for path, seconds in (("/health", HEALTH_SECONDS), ("/ready", READY_SECONDS))
        for version in ("", "/v1")
    }
    late = [
        each for each in answers if each.seconds > limits.get(each.path, ANSWER_SECONDS) + SCHEDULING_SECONDS
    ]
    assert late == []
    assert [each for each in answers if each.status >= 500 and each.status != 503] == []
    assert {each.status for each in health} == {200}
    slowest = sorted(each.seconds for each in health)[int(len(health) * 0.99)]
    assert slowest < HEALTH_SECONDS + SCHEDULING_SECONDS


@pytest.mark.parametrize("store", ["record", "graph", "both"])
@pytest.mark.parametrize("how", ["hangs", "is gone"])
def test_every_route_answers_within_its_limit(
    site: Site, store: Literal["record", "graph", "both"], how: Literal["hangs", "is gone"]
) -> None:
    assert len(site.paths) > 40
    before = walked(site)
    assert [each for each in before if each.status >= 500] == []
    with ExitStack() as away:
        for name, proxy in {"record": site.record, "graph": site.graph}.items():
            if store in {name, "both"}:
                away.enter_context(proxy.silent() if how == "hangs" else proxy.cut())
        with health_of(site) as health:
            answers = walked(site)
        check(answers, health)
        by_path = {each.path: each.status for each in answers}
        assert by_path["/ready"] == 503
        if store == "graph":  # the record answers all by itself what it can
            assert by_path[f"/scores/explain/{ALICE}"] == 200
            refused = {each.path for each in answers if each.status == 503}
            assert refused == {"/ready", "/v1/ready", f"/explore/{ALICE}"}  # this page draws the graph
        else:
            assert by_path[f"/scores/{ALICE}"] == 503
    wait_until(lambda: ask(site, f"/scores/explain/{ALICE}").status == 200)
    wait_until(lambda: [each for each in walked(site) if each.status >= 500] == [])


def test_what_the_graph_does_not_answer_is_said(site: Site) -> None:
    with site.graph.silent():
        answer = site.client.get(f"/scores/explain/{ALICE}").json()
    assert answer["status"] == "incomplete"
    assert any(reason.startswith("Paths are missing: Neo4j") for reason in answer["incomplete_reasons"])
    assert answer["score"] is not None
