"""What commands share: the terminal, progress, JSON, and where the servers are."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.domain import Progress as StepProgress
from app.settings import PROJECT, Settings, settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.tracing import start_tracing

PAPER_WIDTH = 140  # of tables in files and logs, where nothing says how wide the reader's window is
stdout = Console(width=None if sys.stdout.isatty() else PAPER_WIDTH)
stderr = Console(stderr=True)

HomeOption = Annotated[
    Path,
    typer.Option(
        "--home",
        envvar="AML_HOME",
        help="Folder of the instance: its data, ports, passwords and logs.",
        show_default="`.aml` in the checkout",
    ),
]
DEFAULT_HOME = PROJECT / ".aml"
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def configure(home: Path, service: str = "aml") -> Settings:
    """The settings: from `AML_*` variables if they name a record, else of the instance that runs in `home`.

    Traces begin here if they are on; `service` is the name they give this process.

    Raises:
        DependencyMissing: neither is there.
    """
    from embedded.urls import environment, running_urls  # noqa: PLC0415 - the extra may be absent in a container

    if "AML_POSTGRES_URL" not in os.environ and (urls := running_urls(home)) is not None:
        os.environ.update(environment(urls))
    start_tracing(settings(), service)
    return settings()


@contextmanager
def record(configured: Settings) -> Iterator[Postgres]:
    """The door to the record, closed at the end."""
    postgres = Postgres(configured.postgres_url)
    try:
        yield postgres
    finally:
        postgres.close()


@contextmanager
def graph_of(configured: Settings) -> Iterator[Graph]:
    """The door to the graph, closed at the end."""
    graph = Graph(configured.neo4j_url, configured.neo4j_user, configured.neo4j_password)
    try:
        yield graph
    finally:
        graph.close()


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever a command answers
    """One JSON document on stdout; amounts are strings already."""
    if isinstance(value, BaseModel):
        typer.echo(value.model_dump_json(indent=2))
    else:
        typer.echo(json.dumps(value, indent=2, default=_plain))


def _plain(value: Any) -> Any:  # noqa: ANN401 - json's own hook
    if isinstance(value, SecretStr):
        return "**********"
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


@contextmanager
def counting(what: str, total: int | None = None) -> Iterator[Any]:
    """A progress bar on stderr; yields a function that is told how many are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True) as progress:
        task = progress.add_task(what, total=total)

        def done(count: int, of: int | None = None) -> None:
            progress.update(task, completed=count, total=of if of is not None else total)

        yield done


@contextmanager
def steps(what: str) -> Iterator[StepProgress]:
    """A progress bar on stderr for work that names its steps; yields the function to tell."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True) as progress:
        task = progress.add_task(what, total=1.0)

        def report(step: str, part: float) -> None:
            progress.update(task, description=f"{what}: {step}", completed=part)

        yield report
