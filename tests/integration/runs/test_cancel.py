"""Runs that are ended before their time, and runs that are asked for twice."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import text

from app.errors import AlreadyEnded, Cancelled, InUse, NotFound
from app.runs import run_row
from app.runs.cancel import cancel_run
from app.runs.run import StartedRun, execute_run, start_run
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import other_policy, policy
from tests.support.record import score
from tests.support.run_story import ALICE, tell_story
from tests.support.serving import served


@pytest.fixture
def story(postgres: Postgres) -> Postgres:
    tell_story(postgres)
    return postgres


@pytest.fixture
def client(settings: Settings, story: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    with served(settings, story, graph) as client:
        yield client


def started(postgres: Postgres, key: str | None = None) -> StartedRun:
    return start_run(postgres, None, policy(), engine="ledger", idempotency_key=key)


def state(postgres: Postgres, run_id: int) -> tuple[str, int | None, int]:
    """Status of the run, the published run, and how many rows the run has stored."""
    with postgres.transaction() as connection:
        row = connection.execute(
            text(
                "SELECT status, (SELECT run_id FROM published_run),"
                " (SELECT count(*) FROM risk_scores s WHERE s.run_id = r.run_id)"
                " + (SELECT count(*) FROM exposures e WHERE e.run_id = r.run_id)"
                " FROM scoring_runs r WHERE run_id = :run_id"
            ),
            {"run_id": run_id},
        ).one()
    return row[0], row[1], row[2]


@pytest.mark.parametrize("at", ["reading pools", "tracing sources", "storing scores", "publishing"])
def test_a_cancelled_run_ends_at_its_next_step_and_publishes_nothing(story: Postgres, at: str) -> None:
    before = score(story)
    run = started(story)

    def cancel_at(step: str, _part: float) -> None:
        if step == at:
            cancel_run(story, run.run_id)

    with pytest.raises(Cancelled, match=f"run {run.run_id} was cancelled"):
        execute_run(story, None, run, progress=cancel_at)
    assert state(story, run.run_id) == ("cancelled", before, 0)
    cancel_run(story, run.run_id)
    assert score(story) == run.run_id + 1


def test_a_run_cancelled_at_the_last_moment_is_not_completed(story: Postgres) -> None:
    run = started(story)
    cancel_run(story, run.run_id)
    figures = run_row.RunFigures(0, 0, 0, 0, 0, "", "", 0, 0, "{}")
    with pytest.raises(Cancelled), story.transaction() as connection:
        run_row.complete(connection, run.run_id, figures)
    run.resources.close()


def test_a_run_of_a_dead_process_is_cancelled_at_once(story: Postgres) -> None:
    run = started(story)
    run.resources.close()  # what the end of a process does to its connections
    cancel_run(story, run.run_id)
    assert state(story, run.run_id) == ("cancelled", None, 0)


def test_what_has_ended_cannot_be_cancelled(story: Postgres) -> None:
    run_id = score(story)
    with pytest.raises(AlreadyEnded, match="has already completed"):
        cancel_run(story, run_id)
    with pytest.raises(NotFound, match="no scoring run 9"):
        cancel_run(story, 9)


def test_no_two_runs_have_one_key(story: Postgres) -> None:
    run = started(story, "nightly")
    execute_run(story, None, run)
    with pytest.raises(InUse):
        started(story, "nightly")
    assert state(story, run.run_id)[0] == "completed"


def test_asking_again_with_the_same_key_answers_with_the_same_run(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "nightly", "Prefer": "wait=60"}
    first = client.post("/run-score", headers=headers)
    again = client.post("/run-score", headers=headers)
    other = client.post("/run-score", headers={**headers, "Idempotency-Key": "another"})
    assert [answer.status_code for answer in (first, again, other)] == [200, 200, 200]
    assert first.json()["run_id"] == again.json()["run_id"] == other.json()["run_id"] - 1
    assert again.headers["location"] == f"/v1/runs/{first.json()['run_id']}"


def test_asking_while_the_run_of_the_key_is_under_way_answers_with_it(
    client: httpx.Client, story: Postgres
) -> None:
    run = started(story, "nightly")
    answer = client.post("/run-score", headers={"Idempotency-Key": "nightly"})
    assert (answer.status_code, answer.json()["run_id"]) == (202, run.run_id)
    assert client.post("/run-score").status_code == 409
    cancelled = client.post(f"/v1/runs/{run.run_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["cancel_requested"]) == (202, True)
    with pytest.raises(Cancelled):
        execute_run(story, None, run)
    assert client.post(f"/v1/runs/{run.run_id}/cancel").json()["status"] == "cancelled"


def test_after_a_crash_the_same_key_carries_the_request_on(client: httpx.Client, story: Postgres) -> None:
    dead = started(story, "nightly")
    dead.resources.close()  # as when its process dies: the lock is free, the row still says running
    headers = {"Idempotency-Key": "nightly", "Prefer": "wait=60"}
    answer = client.post("/run-score", headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert answer.json()["run_id"] == dead.run_id + 1
    assert client.post("/run-score", headers=headers).json()["run_id"] == dead.run_id + 1
    left = client.get(f"/v1/runs/{dead.run_id}").json()
    assert (left["status"], left["error"]) == (
        "failed",
        "The process of this run ended before the run did.",
    )


def test_the_api_verifies_compares_and_remembers(client: httpx.Client, story: Postgres) -> None:
    a, b = score(story), score(story, policy=other_policy())
    verified = client.post(f"/v1/runs/{a}/verify", headers={"Prefer": "wait=60"})
    assert verified.status_code == 200
    assert verified.json()["result"]["equal"] is True
    found = client.get(f"/v1/runs/{a}/diff/{b}", params={"limit": 1}).json()
    assert (found["changed"], len(found["changes"])) == (4, 1)
    one = client.get(f"/v1/runs/{a}/diff/{b}", params={"wallet": ALICE}).json()
    assert one["score_change"]["parts"]["by_policy"] == "-10.000000"
    past = client.get(f"/v1/scores/{ALICE}/history").json()["scores"]
    assert [each["run_id"] for each in past] == [b, a]
    for path in (f"/v1/runs/9/diff/{a}", f"/v1/runs/{a}/diff/9", f"/v1/scores/0x{99:040x}/history"):
        assert client.get(path).status_code == 404
    assert client.get("/v1/scores/0xdead/history").status_code == 422
    assert client.post("/v1/runs/9/verify").status_code == 404
    assert client.post(f"/v1/runs/{a}/cancel").json()["type"] == "urn:aml:problem:already-ended"
