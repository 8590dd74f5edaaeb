"""A whole instance: the three servers, the consumer, the worker and the API as children of this process."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from os import environ, pathsep
from pathlib import Path
from time import monotonic, sleep

import httpx
from rich.table import Table
from rich.text import Text

from app.cli.output.status_tables import postgres_address
from app.cli.output.terminal import authorization, load_settings, open_graph, open_record, stderr
from app.cli.setup.env import write_producer_files
from app.errors import DependencyMissing, QueryTimeout
from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.migrate import migrate
from embedded import jars
from embedded.definitions import SERVICES
from embedded.home import LOCK_NAME, is_home
from embedded.lock import is_held
from embedded.neo4j import set_aside
from embedded.ports import pinned_ports
from embedded.process import Command, StartFailed
from embedded.restarts import now
from embedded.stack import Stack
from embedded.supervisor import RENEW, Supervisor
from embedded.urls import environment, running_supervision
from embedded.watched import silent_seconds
from ingest.kafka.topics import ensure_topics

COMPILED_KERNELS = PROJECT / "app" / "ledger" / "__pycache__"
"""As in `app.ledger.kernel_cache`, which loads the compiler."""

RENEW_WAIT_SECONDS = 240.0
SETTLE_SECONDS = 1.5
"""What ends so soon after it first answered has not started."""
_NOT_FOR_SERVICES = {
    "api": ("AML_KAFKA_ADMIN_",),
    "consume": ("AML_KAFKA_PRODUCER_", "AML_KAFKA_ADMIN_"),
    "work": ("AML_KAFKA_PRODUCER_", "AML_KAFKA_ADMIN_"),
}
"""The API writes transfers that are posted or replayed, consumer and worker none; none gives permissions."""
_COMPILE = (sys.executable, "-m", "app.cli", "compile-kernels")


@contextmanager
def instance(home: Path, *, record_caches: bool = False) -> Iterator[tuple[Supervisor, Settings]]:
    """Starts everything in `home`, with migrated tables and topics, for as long as the block lasts.

    `record_caches` makes the Java servers write their ahead-of-time caches when they stop. All processes have
    answered twice when the block begins; the supervisor watches them while it runs.

    Raises:
        InUse: the home is running already, or a pinned port is taken.
        InvalidInput: a setting cannot be used.
        DependencyMissing: something does not start; the message says what and why.
    """
    ports, silent = pinned_ports(environ), silent_seconds()
    jars.ensure(("neo4j", "kafka"))  # with a progress bar of its own
    with ExitStack() as resources:
        if not any(COMPILED_KERNELS.glob("*.nbi")):  # while servers start, not in the first scoring run
            resources.enter_context(subprocess.Popen(_COMPILE, cwd=PROJECT, stderr=subprocess.DEVNULL))
        with stderr.status("Starting PostgreSQL, Kafka and Neo4j"):
            servers = Stack(home, ports=ports, record=record_caches, may_be_damaged=True)
            stack = resources.enter_context(servers)
        environ["AML_DATA_FOLDERS"] = pathsep.join(str(home.resolve() / name) for name in SERVICES)
        with stderr.status("Starting the API, the consumer and the worker"):
            settings = _start_services(stack, home)
            supervisor = Supervisor(
                stack,
                silent,
                _tell,
                renews=settings.graph_rebuild == "auto",
            )
            supervisor.settle(SETTLE_SECONDS)
        yield supervisor, settings


def _tell(sentence: str) -> None:
    """Says it in the log of `aml up`; a full disk takes none."""
    with suppress(OSError):
        stderr.print(f"{now()} {sentence}", soft_wrap=True)


def _start_services(stack: Stack, home: Path) -> Settings:
    environ.pop("AML_API_URL", None)  # another API's
    environ.pop("AML_PAGES_URL", None)
    environ.update(environment(stack.urls))
    settings = Settings()
    with open_record(settings) as postgres:
        migrate(postgres)
    ensure_topics(settings)
    write_producer_files(settings, home)
    consumer = f"http://{settings.consumer_metrics_host}:{settings.consumer_metrics_port}/metrics"
    worker = f"http://{settings.worker_metrics_host}:{settings.worker_metrics_port}/metrics"
    # The API is alive when it answers at all: a server that is away is none of its faults.
    for name, url, needs in (
        ("api", f"{settings.api_address}/health", ("postgres",)),
        ("consume", consumer, ("postgres", "kafka")),
        ("work", worker, ("postgres",)),
    ):
        inherited = {
            variable: value
            for variable, value in environ.items()
            if variable.startswith("AML_") and not variable.startswith(_NOT_FOR_SERVICES[name])
        }
        command = Command((sys.executable, "-m", "app.cli", name), PROJECT, environment=inherited)
        stack.start(name, command, ready=_answers(settings, url), needs=needs)
    return settings


def _answers(settings: Settings, url: str) -> Callable[[], None]:
    def ask() -> None:
        headers = authorization(settings)
        httpx.get(url, headers=headers, timeout=5.0, trust_env=False).raise_for_status()

    return ask


def access_table(settings: Settings, home: Path) -> Table:
    """What runs where, and how to sign in."""
    addresses = access(settings, home)
    secrets = addresses["secrets"]
    rows = [
        ("Pages", addresses["pages"], f"with `api_token` of {secrets}"),
        ("API docs", addresses["api_docs"], "press Authorize, the same token"),
        (
            "Neo4j Browser",
            addresses["neo4j_browser"],
            f"user {settings.neo4j_user}, password `neo4j` of {secrets}",
        ),
        ("Neo4j (bolt)", addresses["neo4j"], "the same password"),
        ("PostgreSQL", addresses["postgres"], f"user aml, password `postgres` of {secrets}"),
        ("Kafka", addresses["kafka"], f"`aml env` says how to write to {settings.transfers_topic}"),
        ("Logs", addresses["logs"], ""),
    ]
    if port := settings.consumer_metrics_port:
        consumer = f"http://{settings.consumer_metrics_host}:{port}/metrics"
        worker = f"http://{settings.worker_metrics_host}:{settings.worker_metrics_port}/metrics"
        metrics = f"{settings.api_address}/metrics {consumer} {worker}"
        said = "the token; the second is the consumer's, the third the worker's"
        rows.insert(-1, ("Metrics", metrics, said))
    table = Table(title="What runs where", title_justify="left")
    for column in ("", "address", "how to sign in"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # a path is no markup
    return table


def access(settings: Settings, home: Path) -> dict[str, str]:
    """The addresses of an instance by name, and the file of its passwords."""
    return {
        "pages": settings.pages_address,
        "api_docs": f"{settings.pages_address}/docs",
        "neo4j_browser": settings.neo4j_browser_url or settings.neo4j_url,
        "neo4j": settings.neo4j_url,
        "postgres": postgres_address(settings),
        "kafka": settings.kafka_bootstrap_servers,
        "logs": str(home.resolve() / "logs"),
        "secrets": str(home.resolve() / "secrets.json"),
    }


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
    deadline = monotonic() + RENEW_WAIT_SECONDS
    while True:
        sleep(0.5)  # two processes share no condition to wait on
        try:
            if not request.exists():
                graph.ping()
                return
        except (DependencyMissing, QueryTimeout):
            if monotonic() > deadline:
                raise
