"""The worker: jobs of committed transactions, scheduled runs, and what a killed one leaves."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.operations.schedule import run_is_due, unseen
from app.policy.policy import load_policy
from app.settings import Settings
from app.stores.jobs import defer, job_counts
from app.stores.postgres import Postgres
from tests.support.commands import free_port
from tests.support.ingesting import wait_until
from tests.support.jobs.working import working
from tests.support.record import ask, change, label, score
from tests.support.run_story import BOB, tell_story

RUNS = "SELECT count(*) FROM scoring_runs WHERE status = 'completed'"


def counts(postgres: Postgres) -> tuple[int, int, int]:
    with postgres.transaction() as connection:
        jobs = job_counts(connection)
    return jobs.waiting, jobs.scheduled, jobs.failed


def test_a_job_is_of_its_transaction(postgres: Postgres) -> None:
    with postgres.transaction() as connection:
        defer(connection, "run", {}, queue="runs")
        connection.rollback()
    assert counts(postgres) == (0, 0, 0)
    with postgres.transaction() as connection:
        now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        defer(connection, "run", {"a": "it's :x %s"}, queue="runs", lock="l")
        defer(connection, "run", {}, queue="runs", at=now + timedelta(hours=1))
    assert counts(postgres) == (1, 1, 0)


def test_a_run_is_due_when_something_changed_and_the_time_has_passed(
    settings: Settings, postgres: Postgres
) -> None:
    tell_story(postgres)
    policy = load_policy(settings.policy_file)

    def due(every: float, after: float) -> str | None:
        asked = settings.model_copy(update={"run_every_minutes": every, "run_after_changes_minutes": after})
        with postgres.transaction() as connection:
            return run_is_due(connection, asked, policy).because

    assert due(60, 0) is None
    change(postgres, "UPDATE batches SET committed_at = committed_at - interval '61 minutes'")
    assert due(60, 0) == "the schedule"
    assert due(0, 0) is None
    score(postgres)
    change(postgres, "UPDATE scoring_runs SET started_at = started_at - interval '61 minutes'")
    assert due(60, 15) is None, "nothing has changed"
    label(postgres, BOB, "scam")
    with postgres.transaction() as connection:
        missing = unseen(connection, policy)
    assert missing is not None
    assert (missing.transfers, missing.labels, missing.policy_changed) == (0, 1, False)
    assert due(0, 15) is None, "more labels may follow"
    change(postgres, "UPDATE labels SET recorded_at = recorded_at - interval '16 minutes'", None)
    change(postgres, "UPDATE scoring_runs SET as_of = as_of - interval '30 minutes'")
    assert due(0, 15) == "changes of labels"
    assert due(60, 0) == "the schedule"


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("fault", ["", "after_fetching_a_job:1"])
def test_the_worker_runs_what_is_due_also_after_it_was_killed(
    settings: Settings, postgres: Postgres, tmp_path: Path, fault: str
) -> None:
    tell_story(postgres)
    with postgres.transaction() as connection:
        defer(connection, "run", {}, queue="runs", lock="run")
    log, port = tmp_path / "worker.log", free_port()
    if fault:
        with pytest.raises(AssertionError), working(settings, log, fault=fault) as worker:
            worker.wait(300)
        assert worker.returncode == -signal.SIGKILL
        assert ask(postgres, RUNS) == 0
        change(  # half a minute later
            postgres,
            "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '31 seconds'",
            None,
        )
    with working(settings, log, worker_metrics_port=str(port)) as worker:
        wait_until(lambda: ask(postgres, RUNS) == 1, seconds=300)
        wait_until(lambda: counts(postgres)[2] == 0 and counts(postgres)[0] == 0, seconds=300)
    assert ask(postgres, "SELECT count(*) FROM risk_scores") > 0


@pytest.mark.usefixtures("graph")
def test_a_dead_workers_job_gives_way_to_its_like_that_waits_behind_it(
    settings: Settings, postgres: Postgres, tmp_path: Path
) -> None:
    """It holds the lock that the waiting one needs, and cannot be retried beside it: both would be stuck."""
    tell_story(postgres)
    log, port = tmp_path / "worker.log", free_port()
    with postgres.transaction() as connection:
        defer(connection, "run", {}, queue="runs", lock="run")
    with (
        pytest.raises(AssertionError),
        working(settings, log, fault="after_fetching_a_job:1") as worker,
    ):
        worker.wait(300)
    change(postgres, "UPDATE procrastinate_jobs SET queueing_lock = 'run' WHERE task_name = 'run'", None)
    with postgres.transaction() as connection:
        defer(connection, "run", {}, queue="runs", lock="run")
    change(postgres, "UPDATE procrastinate_jobs SET queueing_lock = 'run' WHERE queueing_lock IS NULL", None)
    change(
        postgres,
        "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '31 seconds'",
        None,
    )
    with working(settings, log, worker_metrics_port=str(port)):
        wait_until(lambda: ask(postgres, RUNS) == 1, seconds=300)
        wait_until(lambda: counts(postgres)[2] == 0 and counts(postgres)[0] == 0, seconds=300)


def test_a_worker_waits_for_a_record_that_is_away(settings: Settings, tmp_path: Path) -> None:
    log, port = tmp_path / "worker.log", free_port()
    away = f"postgresql://aml@127.0.0.1:{port}/aml"
    with working(settings, log, postgres_url=away) as worker:
        wait_until(lambda: b"worker_waits_for_the_record" in log.read_bytes(), seconds=300)
        assert worker.poll() is None


def test_a_worker_with_a_misspelt_fault_does_not_start(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(AssertionError), working(settings, tmp_path / "log", fault="after_lunch") as worker:
        worker.wait(300)
    assert worker.returncode not in {0, None}
