"""The API's process: it migrates the record, prepares the graph, then serves requests."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import structlog
import uvicorn
from fastapi import FastAPI

from app.api.security import check_settings
from app.errors import AmlError
from app.garbage_collection import collect_rarely
from app.projection.schema import prepare
from app.record.identity import record_id
from app.server.application import create_app
from app.server.connections import BoundedConnection, raise_descriptor_limit
from app.server.listening import ACCEPTED_AT_ONCE, Server
from app.settings import Settings
from app.stores.graph import Graph, is_graph_error
from app.stores.limits import Work
from app.stores.migrate import migrate
from app.stores.postgres import Postgres

log = structlog.get_logger()

ALLOCATIONS: Final = 50_000
"""Between two looks for cycles; a request makes some hundreds of containers."""


def serve(settings: Settings) -> None:
    """Serves until the process gets a signal to stop.

    Raises:
        DependencyMissing: the record does not answer, or there is no token.
        InvalidInput: authentication is off on an address that others can reach.
    """
    # uvicorn ends by sending itself the signal again: without this the process would die on the spot.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    raise_descriptor_limit()
    with application(settings) as app:
        collect_rarely(ALLOCATIONS)
        server = Server(uvicorn.Config(app, **server_options(settings)))
        with suppress(KeyboardInterrupt):
            server.run()
    if not server.started:
        sys.exit(3)  # as uvicorn's own command


@contextmanager
def application(settings: Settings) -> Iterator[FastAPI]:
    """The application on prepared stores, which are open inside the block.

    Raises:
        DependencyMissing, InvalidInput: as `serve`.
    """
    check_settings(settings)
    postgres = Postgres(settings.postgres_url, Work.READ)
    graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password, Work.READ)
    try:
        migrate(postgres)
        prepare_graph(postgres.during(Work.BULK), graph.during(Work.RUN))
        yield create_app(settings, postgres, graph)
    finally:
        graph.close()
        postgres.close()


def server_options(settings: Settings) -> dict[str, Any]:
    """The options of the web server."""
    return {
        "host": settings.api_host,
        "port": settings.api_port,
        "proxy_headers": bool(settings.forwarded_allow_ips),
        "forwarded_allow_ips": settings.forwarded_allow_ips,
        "access_log": False,  # app/api/asgi/middleware.py logs every request
        "log_config": None,  # app/logs.py formats the lines of the server itself
        "server_header": False,
        "http": BoundedConnection,
        "ws": "none",
        "lifespan": "on",
        "backlog": ACCEPTED_AT_ONCE,
        "timeout_graceful_shutdown": 5,
    }


def prepare_graph(postgres: Postgres, graph: Graph) -> None:
    """Brings the graph's schema up to date; the API starts whatever the graph says."""
    try:
        prepare(graph, postgres.run(record_id))
    except Exception as exc:
        if not (isinstance(exc, AmlError) or is_graph_error(exc)):
            raise
        log.warning("graph_not_prepared", reason=str(exc))
