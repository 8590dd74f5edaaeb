"""The API for development: a process that restarts when a file it reads changes."""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors.statreload import StatReload

from app.api.security import check_settings
from app.logs import configure_logging
from app.server.listening import Server
from app.server.serve import application, server_options
from app.settings import PROJECT, Settings, settings
from app.tracing import start_tracing

FOLDERS = ("app", "cypher", "embedded", "ingest")
_READ = frozenset((".py", ".cypher", ".html", ".j2", ".typ"))
_open = ExitStack()


class SourceReload(StatReload):
    """Watches what uvicorn watches, and the queries, templates and the policy too."""

    policy_file: Path

    def iter_py_files(self) -> Iterator[Path]:
        """Every file that the API reads when it starts or keeps once it has read it."""
        for folder in self.config.reload_dirs:
            for path in folder.rglob("*"):
                if path.suffix in _READ:
                    yield path.resolve()
        yield self.policy_file.resolve()


def serve_reloading(configured: Settings) -> None:
    """Serves until the process gets a signal to stop; after a failed start the next change is tried.

    Raises:
        DependencyMissing, InvalidInput: as `app.server.serve.serve`.
    """
    check_settings(configured)
    config = uvicorn.Config(
        "app.server.reloading:current_application",
        factory=True,
        reload=True,
        reload_dirs=[str(PROJECT / folder) for folder in FOLDERS],
        **server_options(configured) | {"log_level": "info", "timeout_graceful_shutdown": 1},
    )
    reloader = SourceReload(config, target=Server(config).run, sockets=[config.bind_socket()])
    reloader.policy_file = configured.policy_file
    reloader.run()


def current_application() -> FastAPI:
    """The application of the current sources; its stores are closed when its process ends."""
    configured = settings()
    configure_logging(configured.log_format)
    start_tracing(configured, "aml-api")
    atexit.register(_open.close)
    return _open.enter_context(application(configured))
