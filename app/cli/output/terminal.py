"""What commands share: the terminal, progress bars, JSON, output files, and connections to the stores."""

import json
import os
import shlex
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, SecretStr
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.text import Text

from app.domain import Progress as StepProgress
from app.errors import DependencyMissing, InvalidInput
from app.settings import PROJECT, Settings, settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.tracing import start_tracing

FILE_WIDTH = 140  # of tables in files and pipes, whose reader's window is unknown


class PlainConsole(Console):
    """A terminal for texts of other people: nothing in them is markup or controls it."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - rich's signature
        super().__init__(markup=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - rich's signature
        """The text as it is shown, in a cell of a table too."""
        return super().render_str(legible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Texts that were put together before, likewise."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(legible(segment.text), segment.style)


def legible(text: str) -> str:
    """The text with a replacement character for each control character that moves or colours a terminal."""
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"} else "\ufffd"
        for char in text
    )


stdout = PlainConsole(width=None if sys.stdout.isatty() else FILE_WIDTH)
stderr = PlainConsole(stderr=True)

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

_SERVER_VARIABLES = ("AML_SECRETS_DIR", "AML_NEO4J_URL", "AML_KAFKA_BOOTSTRAP_SERVERS")

CountProgress = Callable[..., None]
"""Called with how many are done and, where it is known only then, their total."""


def load_settings(home: Path, service: str = "aml") -> Settings:
    """The settings: from `AML_*` variables if they name a record, else of the instance that runs in `home`.

    Starts tracing if it is configured; traces name this process `service`.

    Raises:
        DependencyMissing: there is neither, or a variable is absent or wrong.
    """
    from embedded.home import is_home  # noqa: PLC0415 - a container lacks the extra
    from embedded.urls import environment, running_urls  # noqa: PLC0415 - likewise

    if not os.environ.get("AML_POSTGRES_URL"):
        if (urls := running_urls(home)) is not None:
            os.environ.update(environment(urls))
        elif is_home(home) and not os.environ.get("AML_SECRETS_DIR"):
            raise DependencyMissing(stopped_sentence(home))
        elif not any(map(os.environ.get, _SERVER_VARIABLES)):
            raise DependencyMissing(
                f"{stopped_sentence(home)} Or name the folder of a running one with --home, or set "
                "AML_POSTGRES_URL and the other addresses that docs/operations.md lists."
            )
    start_tracing(settings(), service)
    return settings()


def stopped_sentence(home: Path) -> str:
    """Why a folder has no running servers, and the command that starts them."""
    from embedded.home import LOCK_NAME, is_home  # noqa: PLC0415 - a container lacks the extra
    from embedded.lock import holder, is_held  # noqa: PLC0415 - likewise

    command = "aml up" if home == DEFAULT_HOME else f"aml up --home {shlex.quote(str(home))}"
    if not is_home(home):
        return f"There is no instance in {home}. Start one with `{command}`."
    if is_held(home / LOCK_NAME) and holder(home / LOCK_NAME) is not None:
        return f"The instance in {home} is starting or stopping. Try again when `{command}` has started it."
    return f"The instance in {home} is stopped. Start it with `{command}`."


def authorization(settings: Settings) -> dict[str, str]:
    """The header that the API asks for."""
    token = settings.api_token
    return {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}


@contextmanager
def open_record(configuration: Settings) -> Iterator[Postgres]:
    """A connection pool to the record, closed at the end."""
    postgres = Postgres(configuration.postgres_url)
    try:
        yield postgres
    finally:
        postgres.close()


@contextmanager
def open_graph(configuration: Settings) -> Iterator[Graph]:
    """A driver for the graph, closed at the end."""
    graph = Graph(configuration.neo4j_url, configuration.neo4j_user, configuration.neo4j_password)
    try:
        yield graph
    finally:
        graph.close()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A block that writes this file or folder.

    Raises:
        InvalidInput: the system refuses it.
    """
    try:
        yield
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be written: {exc.strerror}.") from exc


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever a command answers
    """One JSON document on stdout; amounts are strings already."""
    if isinstance(value, BaseModel):
        typer.echo(value.model_dump_json(indent=2))
    else:
        typer.echo(json.dumps(value, indent=2, default=_json_value))


def _json_value(value: Any) -> Any:  # noqa: ANN401 - json's own hook
    if isinstance(value, SecretStr):
        return "**********"
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


@contextmanager
def count_progress(title: str, total: int | None = None) -> Iterator[CountProgress]:
    """A progress bar on stderr, if it is a terminal; yields the function that is called with the count."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        task = progress.add_task(title, total=total)

        def report(count: int, of: int | None = None) -> None:
            progress.update(task, completed=count, total=of if of is not None else total)

        yield report


@contextmanager
def step_progress(title: str) -> Iterator[StepProgress]:
    """A progress bar on stderr, if it is a terminal, for work that names its steps; yields its callback."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        task = progress.add_task(title, total=1.0)

        def report(step: str, part: float) -> None:
            progress.update(task, description=f"{title}: {step}", completed=part)

        yield report
