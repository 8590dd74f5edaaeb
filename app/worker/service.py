"""The worker as a process: does jobs until a signal stops it, and waits where the record is away."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Final

import structlog
from procrastinate import App, exceptions
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from app.faults import arm
from app.metrics_server import serving_metrics_of
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.limits import Work
from app.stores.postgres import Postgres
from app.worker.instruments import WAITS, WORKER
from app.worker.tasks import Stores, job_app

log = structlog.get_logger()

CONCURRENCY: Final = 4
"""Jobs at a time: a call that hangs or a run that takes long stops no other job."""
POLL_SECONDS: Final = 1.0
"""How often the worker looks for due jobs; new ones are told to it at once."""
AWAY_SECONDS: Final = 2.0
GRACE_SECONDS: Final = 20.0
"""What a job may still take after a signal; what is cut off is done again."""


def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT.

    Raises:
        InvalidInput: `AML_FAULT` is set and names no fault, or anybody could read the metrics.
    """
    arm(os.environ)
    postgres = Postgres(settings.postgres_url, Work.BULK)
    graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password, Work.BULK)
    metrics = serving_metrics_of(
        settings,
        WORKER,
        settings.worker_metrics_host,
        settings.worker_metrics_port,
        setting="AML_WORKER_METRICS_HOST",
    )
    log.info("worker_started")
    try:
        with metrics:
            asyncio.run(_work(lambda: job_app(Stores(settings, postgres, graph))))
    finally:
        graph.close()
        postgres.close()
        log.info("worker_stopped")


async def _work(make: Callable[[], App]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, stop.set)
    while not stop.is_set():
        try:
            await _run_until(make(), stop)
        except (exceptions.ConnectorException, OperationalError, PoolTimeout) as exc:
            WAITS.inc()
            log.warning("worker_waits_for_the_record", reason=str(exc).split("\n")[0])
            try:
                await asyncio.wait_for(stop.wait(), AWAY_SECONDS)
            except TimeoutError:
                continue


async def _run_until(app: App, stop: asyncio.Event) -> None:
    """Does jobs until `stop` is set; a job that runs then may end first.

    Raises:
        ConnectorException: the record does not answer.
    """
    async with app.open_async():
        worker = asyncio.ensure_future(
            app.run_worker_async(
                concurrency=CONCURRENCY,
                fetch_job_polling_interval=POLL_SECONDS,
                delete_jobs="successful",
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACE_SECONDS,
            )
        )
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not worker.done():
            worker.cancel()
        stopped.cancel()
        try:
            await worker
        except asyncio.CancelledError:
            log.info("worker_ends")
