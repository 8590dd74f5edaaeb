"""The API for development: a process that restarts when a source file changes."""

import atexit
from contextlib import ExitStack

import uvicorn
from fastapi import FastAPI

from app.api.security import check_settings
from app.logs import configure_logging
from app.server.serve import application, server_options
from app.settings import PROJECT, Settings, settings
from app.tracing import start_tracing

_SOURCES = ("app", "cypher", "embedded", "ingest")
_open = ExitStack()


def serve_reloading(configured: Settings) -> None:
    """Serves until the process gets a signal to stop; after a failed start the next change is tried.

    Raises:
        DependencyMissing, InvalidInput: as `app.server.serve.serve`.
    """
    check_settings(configured)
    uvicorn.run(
        "app.server.reloading:current_application",
        factory=True,
        reload=True,
        reload_dirs=[str(PROJECT / folder) for folder in _SOURCES],
        **server_options(configured) | {"log_level": "info", "timeout_graceful_shutdown": 1},
    )


def current_application() -> FastAPI:
    """The application of the current sources; its stores are closed when its process ends."""
    configured = settings()
    configure_logging(configured.log_format)
    start_tracing(configured, "aml-api")
    atexit.register(_open.close)
    return _open.enter_context(application(configured))
