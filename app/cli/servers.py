"""Commands that start, stop and show an instance, and the processes it is made of."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import Annotated

import httpx
import typer
from rich.table import Table

from app.cli.instance import instance
from app.cli.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    configure,
    print_json,
    record,
    stderr,
    stdout,
)
from app.errors import DependencyMissing, InUse, NotReady
from app.logs import configure_logging
from app.settings import PROJECT, Settings, settings
from app.stores.migrate import migrate as migrate_record
from embedded import home as homes
from embedded.lock import holder, is_held
from embedded.stack import Stack
from embedded.urls import running_urls

START_SECONDS = 300.0
STOP_SECONDS = 60.0


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command()(migrate)
    app.command()(consume)
    app.command()(api)


def up(
    home: HomeOption = DEFAULT_HOME,
    detach: Annotated[bool, typer.Option(help="Return when everything answers.")] = False,
) -> None:
    """Start PostgreSQL, Kafka, Neo4j, the consumer and the API, all on loopback.

    Example: aml up --home ~/aml-trial --detach
    """
    if detach:
        _start_detached(home)
        return
    with instance(home) as (stack, configured):
        stdout.print(where(configured, home))
        stdout.print("Ctrl-C stops everything.")
        stay(stack)


def stay(stack: Stack) -> None:
    """Stays until Ctrl-C, SIGTERM, or the end of something that should run.

    Raises:
        DependencyMissing: a server, the consumer or the API has ended by itself.
    """
    stop = Event()
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, lambda *_: stop.set())
    while not stop.wait(0.5):
        if dead := stack.dead():
            raise DependencyMissing(
                f"{dead[0]} ended by itself. The end of its log:\n{stack.log_tail(dead[0])}"
            )


def down(
    home: HomeOption = DEFAULT_HOME,
    wipe: Annotated[bool, typer.Option(help="Also delete its data, passwords and logs.")] = False,
) -> None:
    """Stop what `aml up` or `aml demo` started in that folder, and nothing else.

    Example: aml down --wipe
    """
    lock = home / homes.LOCK_NAME
    pid = holder(lock) if is_held(lock) else None
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while is_held(lock):
            if time.monotonic() > deadline:
                raise InUse(f"Process {pid} does not stop: see {home}/logs, or end it by hand.")
            time.sleep(0.1)  # a file lock has no timed wait
        stderr.print("Stopped.")
    elif not wipe:
        stderr.print(f"Nothing runs in {home}.")
    if wipe:
        homes.wipe(home)
        stderr.print(f"Deleted the instance in {home}.")


def status(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show what runs where and how far ingestion is; exit code 1 when something does not answer.

    Example: aml status --json
    """
    configured = configure(home)
    url, headers = configured.api_address, authorization(configured)
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=10.0, trust_env=False) as client:
            ready = client.get("/ready").json()
            ingestion = client.get("/ingestion/status").json()
    except httpx.HTTPError as exc:
        raise DependencyMissing(
            f"The API at {url} does not answer. Start it with `aml up` or `aml api`."
        ) from exc
    if as_json:
        print_json({"ready": ready, "ingestion": ingestion})
    else:
        stdout.print(where(configured, home))
        stdout.print_json(data=ingestion)
    if not ready.get("ready"):
        raise NotReady("Not everything answers: see `ready` in `aml status --json`.")


def migrate(home: HomeOption = DEFAULT_HOME) -> None:
    """Bring the record's tables up to date; nothing happens when they are.

    Example: aml migrate
    """
    with record(configure(home)) as postgres:
        migrate_record(postgres)


def consume(home: HomeOption = DEFAULT_HOME) -> None:
    """Consume transfers from Kafka into the record and the graph until stopped.

    Example: aml consume
    """
    from ingest.consumer.service import serve  # noqa: PLC0415 - starts faster without what it does not need

    configured = configure(home, "aml-consumer")
    configure_logging(configured.log_format)
    serve(configured)


def api(
    home: HomeOption = DEFAULT_HOME,
    reload: Annotated[bool, typer.Option("--reload", help="Start again when a source file changes.")] = False,
) -> None:
    """Serve the REST API until stopped.

    Example: aml api
    """
    from app.server.reloading import serve_reloading  # noqa: PLC0415 - likewise
    from app.server.serve import serve  # noqa: PLC0415 - likewise

    configured = configure(home, "aml-api")
    configure_logging(configured.log_format)
    (serve_reloading if reload else serve)(configured)


def authorization(configured: Settings) -> dict[str, str]:
    """The header that the API asks for."""
    token = configured.api_token
    return {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}


def where(configured: Settings, home: Path) -> Table:
    """What runs where, and where the passwords are."""
    secrets = home.resolve() / "secrets.json"
    table = Table(title="What runs where", title_justify="left")
    for column in ("", "address", "how to get in"):
        table.add_column(column, overflow="fold")
    table.add_row("Pages", configured.api_address, f"sign in with `api_token` of {secrets}")
    table.add_row("API docs", f"{configured.api_address}/docs", "Authorize with the same")
    if port := configured.consumer_metrics_port:
        metrics = f"{configured.api_address}/metrics http://{configured.consumer_metrics_host}:{port}/metrics"
        table.add_row("Metrics", metrics, "the same token; the second is the consumer's")
    table.add_row(
        "Neo4j Browser",
        configured.neo4j_browser_url or configured.neo4j_url,
        f"user {configured.neo4j_user}, password `neo4j` of {secrets}",
    )
    table.add_row("Neo4j (bolt)", configured.neo4j_url, "the same")
    record_url = configured.postgres_url.get_secret_value()
    _, _, address = record_url.rpartition("@")
    table.add_row("PostgreSQL", address, f"user aml, password `postgres` of {secrets}")
    table.add_row("Kafka", configured.kafka_bootstrap_servers, "topic " + configured.transfers_topic)
    table.add_row("Logs", str(home.resolve() / "logs"), "")
    return table


def _start_detached(home: Path) -> None:
    """Runs `aml up` as a process of its own and waits until its API answers."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    log_path = home.parent / f"{home.name}.up.log"
    with log_path.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "up", "--home", str(home.resolve())],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if running_urls(home) is not None and _answers(home):
            log_path.unlink()
            stdout.print(where(settings(), home))
            return
        time.sleep(0.2)  # two processes share no condition to wait on
    raise DependencyMissing(f"It did not start: {log_path.read_text(errors='replace')[-2000:].strip()}")


def _answers(home: Path) -> bool:
    configured = configure(home)
    try:
        return httpx.get(f"{configured.api_address}/ready", timeout=2.0, trust_env=False).is_success
    except httpx.HTTPError:
        return False
