"""`aml status` against a served API: for people, for programs, and where something does not answer."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from app.cli.output.status_tables import count
from app.errors import DependencyMissing, NotReady
from app.settings import Settings
from app.settings import settings as settings_of_the_process
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.kafka.topics import ensure_topics
from tests.support.commands import aml
from tests.support.environment import API_TOKEN
from tests.support.run_story import tell_project_and_score
from tests.support.serving import served

pytestmark = pytest.mark.usefixtures("commands")


@pytest.fixture
def api(
    settings: Settings, postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    ensure_topics(settings)
    tell_project_and_score(postgres, graph)
    with served(settings, postgres, graph) as client:
        monkeypatch.setenv("AML_API_URL", str(client.base_url))
        monkeypatch.setenv("AML_API_TOKEN", API_TOKEN)
        settings_of_the_process.cache_clear()
        yield client


def test_status_is_tables_for_people_and_the_answers_of_the_api_for_programs(api: httpx.Client) -> None:
    answer = api.get("/ingestion/status").json()
    record = answer["record"]
    shown = aml("status")
    assert str(api.base_url).rstrip("/") in shown
    assert shown.count("│ yes") == 4  # the API and its three servers
    assert record["wallets"] > 1
    assert count(record["wallets"], "wallet") in shown
    assert count(record["transfers"], "transfer") in shown
    assert "run 1 completed" in shown
    assert "by the cypher engine (cypher was asked for)" in " ".join(shown.replace("│", " ").split())
    assert "{" not in shown.split("Servers")[1]
    printed = aml("status", "--json")
    state = json.loads(
        printed[printed.index("{\n") :]
    )  # the API, in this process too, logs requests before it
    assert state.keys() == {"ready", "ingestion", "supervision"}
    assert state["supervision"] is None  # these servers are nobody's instance
    assert state["ready"]["ready"] is True
    assert state["ingestion"].keys() == answer.keys()
    assert state["ingestion"]["totals"] == answer["totals"]


def test_a_wrong_token_is_told_beside_the_servers(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    del api
    monkeypatch.setenv("AML_API_TOKEN", "another")
    settings_of_the_process.cache_clear()
    with pytest.raises(NotReady, match="state of ingestion is not known: This needs the header"):
        aml("status")


def test_no_api_and_something_else_in_its_place_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        other.daemon_threads = True
        threading.Thread(target=other.serve_forever).start()
        monkeypatch.setenv("AML_API_URL", f"http://127.0.0.1:{other.server_port}")
        settings_of_the_process.cache_clear()
        with pytest.raises(DependencyMissing, match="is not the API"):
            aml("status")
        other.shutdown()
    with pytest.raises(DependencyMissing, match="does not answer"):
        aml("status")
    monkeypatch.setenv("AML_API_URL", "http://127.0.0.1:no-port")
    settings_of_the_process.cache_clear()
    with pytest.raises(DependencyMissing, match="does not answer"):
        aml("status")
