"""What the worker does, as tasks of procrastinate: each calls one function of the layers below."""

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final

import structlog
from procrastinate import App, JobContext
from procrastinate.exceptions import AlreadyEnqueued, JobRetry, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from app.alerts.rescreen import is_any_due, screen_due
from app.alerts.webhooks.deliver import deliver
from app.alerts.webhooks.messages import QUEUE, TASK
from app.errors import InUse
from app.faults import fault_point
from app.operations.lists import update_lists
from app.operations.runs import score
from app.operations.schedule import run_is_due
from app.policy.policy import load_policy
from app.screening.screen import Screener
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.jobs import job_connector
from app.stores.limits import Work
from app.stores.postgres import Postgres, is_retryable
from app.worker.instruments import JOB_SECONDS, JOBS

log = structlog.get_logger()

TICK: Final = "* * * * * */10"
"""Every ten seconds; the last field is of seconds."""
WATCH_TICK: Final = "* * * * * */5"
HOURLY: Final = "7 * * * *"
STALLED_SECONDS: Final = 30.0
"""A worker without a heartbeat for so long is dead, and its jobs are done again."""
KEPT_HOURS: Final = 24 * 30
"""How long jobs that were given up are kept."""
RETRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Stores:
    """What tasks work on."""

    settings: Settings
    postgres: Postgres
    graph: Graph


class WhileAway(BaseRetryStrategy):
    """Does a job again, later and later, while a server is away or busy; other errors give it up."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """In 2, 4, 8 ... seconds."""
        if not is_retryable(exception) or job.attempts >= RETRIES:
            return None
        return RetryDecision(retry_in={"seconds": 2 ** (job.attempts + 1)})


class Later(Exception):
    """A job asks to be done again after a while."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"Again in {wait.total_seconds():.0f} s.")
        self.wait = wait


class AsTold(WhileAway):
    """Does a job again when it asks for it, and while the record is away."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """At the time that the job says."""
        if isinstance(exception, Later):
            return RetryDecision(retry_in={"seconds": max(1, round(exception.wait.total_seconds()))})
        return super().get_retry_decision(exception=exception, job=job)


def job_app(stores: Stores) -> App:
    """The tasks over these stores, with connections of their own; the worker opens them."""
    app = App(
        connector=job_connector(stores.postgres.url), worker_defaults={"worker_middleware": [_measured]}
    )
    _add_upkeep(app)
    _add_runs(app, stores)
    _add_lists(app, stores)
    _add_webhooks(app, stores)
    _add_watching(app, stores)
    return app


def _add_upkeep(app: App) -> None:
    @app.periodic(cron=TICK)
    @app.task(name="take_over", queue="upkeep", queueing_lock="take_over")
    async def take_over(timestamp: int) -> None:  # noqa: ARG001 - procrastinate's signature
        """Gives the jobs of dead workers to others."""
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            log.warning("job_of_a_dead_worker", job_id=job.id, task=job.task_name)
            try:
                await app.job_manager.retry_job(job)
            except UniqueViolation:
                # One of its kind waits behind the lock that this one holds, and does the same work.
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)

    @app.periodic(cron=HOURLY)
    @app.task(name="forget", queue="upkeep", queueing_lock="forget")
    async def forget(timestamp: int) -> None:  # noqa: ARG001 - likewise
        """Deletes jobs that ended long ago."""
        await app.job_manager.delete_old_jobs(
            nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
        )


def _add_runs(app: App, stores: Stores) -> None:
    @app.task(name="run", queue="runs", queueing_lock="run", lock="run", retry=WhileAway())
    def run() -> None:
        """A scoring run, as the settings say."""
        try:
            postgres, graph = stores.postgres.during(Work.RUN), stores.graph.during(Work.RUN)
            score(postgres, graph, stores.settings, None, _unwatched)
        except InUse as exc:
            log.info("run_not_started", reason=str(exc))

    @app.periodic(cron=TICK)
    @app.task(name="schedule", queue="upkeep", queueing_lock="schedule")
    def schedule(timestamp: int) -> None:  # noqa: ARG001 - likewise
        """Starts a run when one is due."""
        policy = load_policy(stores.settings.policy_file)
        with stores.postgres.transaction() as connection:
            due = run_is_due(connection, stores.settings, policy)
        if due.because is not None:
            _enqueue(run, because=due.because)


def _add_lists(app: App, stores: Stores) -> None:
    settings = stores.settings

    @app.task(name="update_lists", queue="lists", queueing_lock="update_lists", lock="update_lists")
    def read_lists() -> None:
        """Reads the configured lists."""
        for each in update_lists(stores.postgres, settings):
            report = None if each.report is None else str(each.report)
            log.info("list_updated", address=each.address, report=report, error=each.error)

    if not settings.lists or not settings.list_update_hours:
        return

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="lists_due", queue="upkeep", queueing_lock="lists_due")
    def lists_due(timestamp: int) -> None:
        """Reads the lists every so many hours."""
        if timestamp % (settings.list_update_hours * 3600) < 5 * 60:
            _enqueue(read_lists)


def _add_webhooks(app: App, stores: Stores) -> None:
    @app.task(name=TASK, queue=QUEUE, retry=AsTold())
    def send(delivery_id: int) -> None:
        """One attempt of one delivery."""
        wait = deliver(stores.postgres, delivery_id, stores.settings.webhook_hosts)
        if wait is not None:
            raise Later(wait)


def _add_watching(app: App, stores: Stores) -> None:
    postgres, graph = stores.postgres.during(Work.BATCH), stores.graph.during(Work.READ)
    screener = Screener(postgres, graph, stores.settings)

    @app.task(name="screen_watched", queue="watching", queueing_lock="screen_watched", lock="screen_watched")
    def screen_watched() -> None:
        """Screens watched wallets until none is due."""
        while screen_due(postgres, screener, stores.settings):
            pass

    @app.periodic(cron=WATCH_TICK)
    @app.task(name="watch", queue="upkeep", queueing_lock="watch")
    def watch(timestamp: int) -> None:  # noqa: ARG001 - likewise
        """Looks whether watched wallets are due."""
        with postgres.transaction() as connection:
            if is_any_due(connection, stores.settings):
                _enqueue(screen_watched)


def _unwatched(_step: str, _part: float) -> None:
    """The progress of a run, which its row has too."""


def _enqueue(task: Any, **told: str) -> None:  # noqa: ANN401 - procrastinate's task
    """Defers a task, unless one of it waits already."""
    try:
        task.defer()
        log.info("job_deferred", task=task.name, **told)
    except AlreadyEnqueued:
        return


async def _measured(call_next: Any, context: JobContext, _worker: Any) -> Any:  # noqa: ANN401 - the library's
    """Counts and times every job; a fault point of tests."""
    fault_point("after_fetching_a_job")
    task, start = context.job.task_name, monotonic()
    outcome = "failed"
    try:
        result = await call_next()
    except JobRetry:
        outcome = "again"
        raise
    except Exception as exc:
        reason = f"{type(exc).__name__}: {exc}"[:500]
        log.warning("job_failed", task=task, job_id=context.job.id, reason=reason)
        raise
    else:
        outcome = "done"
        return result
    finally:
        JOBS.labels(task, outcome).inc()
        JOB_SECONDS.labels(task).observe(monotonic() - start)
