"""A whole instance: the three servers, the consumer and the API as children of this process."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from os import environ
from pathlib import Path

import httpx
from rich.table import Table
from rich.text import Text

from app.cli.output.status_tables import postgres_address
from app.cli.output.terminal import open_record, stderr
from app.cli.setup.env import write_producer_files
from app.settings import PROJECT, Settings
from app.stores.migrate import migrate
from embedded import jars
from embedded.ports import pinned_ports
from embedded.process import Command
from embedded.stack import Stack
from embedded.urls import environment
from ingest.kafka.topics import ensure_topics

COMPILED_KERNELS = PROJECT / "app" / "ledger" / "__pycache__"
"""As in `app.ledger.kernel_cache`, which loads the compiler."""

_NOT_FOR_SERVICES = ("AML_KAFKA_PRODUCER_", "AML_KAFKA_ADMIN_")
"""Neither the API nor the consumer writes transfers or gives permissions."""
_COMPILE = (sys.executable, "-m", "app.cli", "compile-kernels")


@contextmanager
def instance(home: Path, *, record_caches: bool = False) -> Iterator[tuple[Stack, Settings]]:
    """Starts everything in `home`, with migrated tables and topics, for as long as the block lasts.

    `record_caches` makes the Java servers write their ahead-of-time caches when they stop.

    Raises:
        InUse: the home is running already, or a pinned port is taken.
        DependencyMissing: something does not start; the message says what and why.
    """
    ports = pinned_ports(environ)
    jars.ensure(("neo4j", "kafka"))  # with a progress bar of its own
    with ExitStack() as resources:
        if not any(COMPILED_KERNELS.glob("*.nbi")):  # while servers start, not in the first scoring run
            resources.enter_context(subprocess.Popen(_COMPILE, cwd=PROJECT, stderr=subprocess.DEVNULL))
        with stderr.status("Starting PostgreSQL, Kafka and Neo4j"):
            stack = resources.enter_context(Stack(home, ports=ports, record=record_caches))
        with stderr.status("Starting the API and the consumer"):
            settings = _start_services(stack, home)
        yield stack, settings


def _start_services(stack: Stack, home: Path) -> Settings:
    environ.pop("AML_API_URL", None)  # another API's
    environ.pop("AML_PAGES_URL", None)
    environ.update(environment(stack.urls))
    settings = Settings()
    with open_record(settings) as postgres:
        migrate(postgres)
    ensure_topics(settings)
    write_producer_files(settings, home)
    inherited = {
        name: value
        for name, value in environ.items()
        if name.startswith("AML_") and not name.startswith(_NOT_FOR_SERVICES)
    }
    for name in ("api", "consume"):
        command = Command((sys.executable, "-m", "app.cli", name), PROJECT, environment=inherited)
        stack.start(name, command, ready=_api_ready(settings) if name == "api" else None)
    return settings


def _api_ready(settings: Settings) -> Callable[[], None]:
    url = f"{settings.api_address}/ready"

    def ready() -> None:
        httpx.get(url, timeout=5.0, trust_env=False).raise_for_status()

    return ready


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
        metrics = f"{settings.api_address}/metrics {consumer}"
        rows.insert(-1, ("Metrics", metrics, "the token; the second is the consumer's"))
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
