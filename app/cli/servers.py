"""Commands that start and stop an instance, and the processes it is made of."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Annotated

import stamina.instrumentation
import structlog
import typer

from app.cli.instance import access, access_table, instance
from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    load_settings,
    print_json,
    stderr,
    stdout,
    writing,
)
from app.errors import AmlError, DependencyMissing, InUse, NotFound
from app.logs import configure_logging
from app.settings import PROJECT, Settings
from embedded import home as homes
from embedded.lock import holder, is_held, wait_until_free
from embedded.restarts import read_supervision
from embedded.supervisor import Supervisor

START_SECONDS = 300.0
STOP_SECONDS = 60.0
PANEL = "An instance"

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (up, down, consume, work, api):
        app.command(rich_help_panel=PANEL)(command)


def up(
    home: HomeOption = DEFAULT_HOME,
    detach: Annotated[bool, typer.Option(help="Return when everything answers.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Start PostgreSQL, Kafka, Neo4j, the consumer, the worker and the API, all on loopback.

    Example: aml up --home ~/aml-trial --detach
    """
    if detach:
        _show_access(_start_detached(home), home, as_json=as_json)
        return
    with instance(home) as (supervisor, settings):
        _show_access(settings, home, as_json=as_json)
        stderr.print("Ctrl-C stops everything.")
        stay(supervisor)


def stay(supervisor: Supervisor) -> None:
    """Stays until Ctrl-C or SIGTERM; starts again whatever ends or hangs meanwhile."""
    stop = Event()
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, lambda *_: stop.set())
    supervisor.run(stop)


def down(
    home: HomeOption = DEFAULT_HOME,
    wipe: Annotated[bool, typer.Option(help="Also delete its data, passwords and logs.")] = False,
) -> None:
    """Stop what `aml up` or `aml demo` started in that folder, and nothing else.

    Example: aml down --wipe
    """
    lock = home / homes.LOCK_NAME
    if is_held(lock):
        pid = holder(lock)
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGCONT)  # a stopped process takes no other signal
        with stderr.status("Stopping the instance"):
            if not wait_until_free(lock, STOP_SECONDS):
                raise InUse(f"Process {pid} does not stop: see {home}/logs, or end it yourself.")
        stderr.print("Stopped.")
    elif not wipe:
        if not homes.is_home(home):
            raise NotFound(f"There is no instance in {home}. Nothing was stopped.")
        stderr.print(f"The instance in {home} is stopped.", soft_wrap=True)
    if wipe:
        homes.wipe(home)
        stderr.print(f"Deleted the instance in {home}.", soft_wrap=True)


def consume(home: HomeOption = DEFAULT_HOME) -> None:
    """Consume transfers from Kafka into the record and the graph until stopped.

    Example: aml consume
    """
    from ingest.consumer.service import serve  # noqa: PLC0415 - other commands start faster without it

    settings = load_settings(home, "aml-consumer")
    with _service(settings):
        serve(settings)


def work(home: HomeOption = DEFAULT_HOME) -> None:
    """Do the jobs of the record until stopped: scheduled runs, fresh lists, alerts' calls.

    Example: aml work
    """
    from app.worker.service import serve  # noqa: PLC0415 - likewise

    settings = load_settings(home, "aml-worker")
    with _service(settings):
        serve(settings)


def api(
    home: HomeOption = DEFAULT_HOME,
    reload: Annotated[bool, typer.Option("--reload", help="Start again when a source file changes.")] = False,
) -> None:
    """Serve the REST API until stopped.

    Example: aml api
    """
    from app.server.reloading import serve_reloading  # noqa: PLC0415 - likewise
    from app.server.serve import serve  # noqa: PLC0415 - likewise

    settings = load_settings(home, "aml-api")
    with _service(settings):
        (serve_reloading if reload else serve)(settings)


def _show_access(settings: Settings, home: Path, *, as_json: bool) -> None:
    if as_json:
        print_json(access(settings, home))
    else:
        stdout.print(access_table(settings, home))


@contextmanager
def trace_in_log() -> Iterator[None]:
    """For a process whose stderr is its log: an unexpected error is logged there with its trace."""
    try:
        yield
    except AmlError:
        raise
    except Exception as exc:
        log.exception("unexpected_error")
        raise typer.Exit(1) from exc


@contextmanager
def _service(settings: Settings) -> Iterator[None]:
    """A process that runs until it is stopped; its stderr is a log, also of retries and unexpected errors."""
    configure_logging(settings.log_format)
    stamina.instrumentation.set_on_retry_hooks(None)
    with trace_in_log():
        yield


def _start_detached(home: Path) -> Settings:
    """Runs `aml up` as a process of its own and waits until it says that everything answers.

    Raises:
        InUse, InvalidInput: as `open_home`.
        DependencyMissing: it did not start; the message is what it said.
    """
    with homes.open_home(home) as opened:  # what still lives of an earlier run is ended here
        log_path = opened.folder("logs") / "up.log"
    with writing(log_path), log_path.open("ab") as out:
        start = out.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up", "--home", str(home.resolve())],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    with stderr.status("Starting PostgreSQL, Kafka, Neo4j, the consumer, the worker and the API"):
        while process.poll() is None and time.monotonic() < deadline:
            supervision = read_supervision(home)
            if supervision and supervision["ready"] and supervision["supervisor"] == process.pid:
                return load_settings(home)
            time.sleep(0.2)  # two processes share no condition to wait on
    with log_path.open("rb") as log_file:
        log_file.seek(start)
        said = log_file.read().decode(errors="replace")
    raise DependencyMissing(f"It did not start: {said[-2000:].strip()}")
