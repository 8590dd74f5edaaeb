"""The API while it is being written: a process of its own, started again when a source file changes."""

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
    """Serves until the process is told to stop; what breaks a start is shown, and the next change tried.

    Raises:
        DependencyMissing, InvalidInput: as `app.server.serve.serve`.
    """
    check_settings(configured)
    uvicorn.run(
        "app.server.reloading:reloaded",
        factory=True,
        reload=True,
        reload_dirs=[str(PROJECT / folder) for folder in _SOURCES],
        **server_options(configured) | {"log_level": "info", "timeout_graceful_shutdown": 1},
    )


def reloaded() -> FastAPI:
    """The application as the sources are now; its stores are closed when its process ends."""
    configured = settings()
    configure_logging(configured.log_format)
    start_tracing(configured, "aml-api")
    atexit.register(_open.close)
    return _open.enter_context(application(configured))
