"""A whole instance: the three servers, the consumer and the API as children of this process."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path

import httpx

from app.cli.terminal import record
from app.settings import PROJECT, Settings
from app.stores.migrate import migrate
from embedded.ports import pinned_ports
from embedded.process import Command
from embedded.stack import Stack
from embedded.urls import environment
from ingest.kafka.topics import ensure_topics


@contextmanager
def instance(home: Path, *, record_caches: bool = False) -> Iterator[tuple[Stack, Settings]]:
    """Starts everything in `home`, migrated and ready, for as long as the block lasts.

    `record_caches` makes the Java servers write their ahead-of-time caches when they stop.

    Raises:
        InUse: the home is running already, or a pinned port is taken.
        DependencyMissing: something does not start; the message says what and why.
    """
    with Stack(home, ports=pinned_ports(environ), record=record_caches) as stack:
        environ.pop("AML_API_URL", None)  # another API's
        environ.update(environment(stack.urls))
        configured = Settings()
        with record(configured) as postgres:
            migrate(postgres)
        ensure_topics(configured)
        inherited = {name: value for name, value in environ.items() if name.startswith("AML_")}
        for name in ("api", "consume"):
            command = Command((sys.executable, "-m", "app", name), PROJECT, environment=inherited)
            stack.start(name, command, ready=_api_ready(configured) if name == "api" else None)
        yield stack, configured


def _api_ready(configured: Settings) -> Callable[[], None]:
    url = f"{configured.api_address}/ready"

    def ready() -> None:
        httpx.get(url, timeout=5.0, trust_env=False).raise_for_status()

    return ready
