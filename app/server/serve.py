"""The API's process: tables up to date, the graph's schema in place, then requests."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from app.api.security import check_settings
from app.errors import DependencyMissing
from app.projection.schema import prepare
from app.record.identity import record_id
from app.server.application import create_app
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.migrate import migrate
from app.stores.postgres import Postgres

log = structlog.get_logger()

GRAPH_RETRY_SECONDS = 3.0
"""A reader would rather be told that the graph is away than wait for it."""


def serve(settings: Settings) -> None:
    """Serves until the process is told to stop.

    Raises:
        DependencyMissing: the record does not answer, or there is no token.
        InvalidInput: authentication is off on an address that others can reach.
    """
    # uvicorn ends by sending itself the signal again: without this the process would die on the spot.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with application(settings) as app:
        uvicorn.run(app, **server_options(settings))


@contextmanager
def application(settings: Settings) -> Iterator[FastAPI]:
    """The application on stores that are ready for it, and open inside the block.

    Raises:
        DependencyMissing, InvalidInput: as `serve`.
    """
    check_settings(settings)
    postgres = Postgres(settings.postgres_url, pool_size=10)
    graph = Graph(
        settings.neo4j_url,
        settings.neo4j_user,
        settings.neo4j_password,
        retry_seconds=GRAPH_RETRY_SECONDS,
    )
    try:
        migrate(postgres)
        prepare_graph(postgres, graph)
        yield create_app(settings, postgres, graph)
    finally:
        graph.close()
        postgres.close()


def server_options(settings: Settings) -> dict[str, Any]:
    """How the web server runs the application."""
    return {
        "host": settings.api_host,
        "port": settings.api_port,
        "access_log": False,  # every request is logged by app/api/middleware.py
        "log_config": None,  # lines of the server itself are written as app/logs.py says
        "server_header": False,
        "timeout_graceful_shutdown": 5,
    }


def prepare_graph(postgres: Postgres, graph: Graph) -> None:
    """Brings the graph's schema up to date; a graph that does not answer is no reason not to start."""
    try:
        prepare(graph, postgres.run(record_id))
    except DependencyMissing as exc:
        log.warning("graph_not_prepared", reason=str(exc))
