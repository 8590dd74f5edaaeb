"""A comparison of two runs that takes long goes on as an operation, and nobody computes it twice."""

from time import monotonic, sleep

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify import diff_lists
from tests.support.builders import transfer
from tests.support.record import score, write
from tests.support.run_story import ALICE, DAVE, tell_story
from tests.support.serving import served


def test_a_long_comparison_is_an_operation_that_others_join(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    tell_story(postgres)
    a = score(postgres)
    write(postgres, [transfer(15, DAVE, ALICE, 100)])
    path = f"/v1/runs/{a}/diff/{score(postgres)}"
    with served(settings, postgres, graph) as client:
        with diff_lists._one_at_a_time:
            first = client.get(path)
            second = client.get(path, headers={"Prefer": "wait=1"})
            page = client.get(path.removeprefix("/v1"), headers={"Accept": "text/html"})
        assert (first.status_code, second.status_code, page.status_code) == (202, 202, 303)
        assert (first.json()["kind"], first.json()["status"]) == ("diff", "running")
        assert first.json()["operation_id"] == second.json()["operation_id"]
        assert first.headers["location"].removeprefix("/v1") == page.headers["location"]
        deadline = monotonic() + 60
        while (ended := client.get(first.headers["location"]).json())["status"] == "running":
            assert monotonic() < deadline
            sleep(0.05)
        assert ended["result"]["changed"] > 0
        found = client.get(path)
        assert (found.status_code, found.json()["changed"]) == (200, ended["result"]["changed"])
        assert "which, and why" in client.get(page.headers["location"]).text


def test_runs_without_results_are_refused_at_once(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    with served(settings, postgres, graph) as client:
        assert client.get("/v1/runs/1/diff/2").status_code == 404
