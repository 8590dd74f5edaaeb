"""The servers of an instance for a rebuild of the graph, whatever state its files are in."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from os import environ
from pathlib import Path
from time import monotonic, sleep

from app.cli.output.terminal import load_settings, open_graph, open_record, stderr
from app.errors import DependencyMissing, QueryTimeout
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.migrate import migrate
from embedded.home import LOCK_NAME, is_home
from embedded.lock import is_held
from embedded.neo4j import set_aside
from embedded.process import StartFailed
from embedded.stack import Stack
from embedded.supervisor import RENEW
from embedded.urls import environment, running_supervision

WAIT_SECONDS = 240.0


@contextmanager
def opened_stores(home: Path) -> Iterator[Settings]:
    """The record and the graph answer inside the block: of the servers that run, or of a stopped instance.

    A stopped instance's PostgreSQL and Neo4j run for as long as the block lasts.

    Raises:
        DependencyMissing: they do not answer, also with new files.
    """
    is_stopped = is_home(home) and not is_held(home / LOCK_NAME) and "AML_POSTGRES_URL" not in environ
    if is_stopped:
        with ExitStack() as resources:
            environ.update(environment(_started(home, resources).urls))
            settings = load_settings(home)
            with open_record(settings) as postgres:
                migrate(postgres)
            yield settings
        return
    settings = load_settings(home)
    with open_graph(settings) as graph:
        _renew_if_needed(home, graph)
    yield settings


def _started(home: Path, resources: ExitStack) -> Stack:
    with stderr.status("Starting PostgreSQL and Neo4j"):
        try:
            return resources.enter_context(Stack(home, ("postgres", "neo4j")))
        except StartFailed as exc:
            if not str(exc).lower().startswith("neo4j"):
                raise
            stderr.print(str(exc), soft_wrap=True)
            aside = set_aside(home)
            stderr.print(f"Neo4j starts from nothing; its old files are in {aside}.", soft_wrap=True)
        return resources.enter_context(Stack(home, ("postgres", "neo4j")))


def _renew_if_needed(home: Path, graph: Graph) -> None:
    """Asks the instance's supervisor for new files where the graph does not answer."""
    try:
        graph.ping()
    except DependencyMissing:
        if running_supervision(home) is None:
            raise
    except QueryTimeout:  # it answers, if slowly
        return
    else:
        return
    stderr.print("Neo4j does not answer. Its files are set aside, and it starts from nothing.")
    request = home / RENEW
    request.touch()
    deadline = monotonic() + WAIT_SECONDS
    while True:
        sleep(0.5)  # two processes share no condition to wait on
        try:
            if not request.exists():
                graph.ping()
                return
        except (DependencyMissing, QueryTimeout):
            if monotonic() > deadline:
                raise
