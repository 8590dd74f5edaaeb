"""`aml env`: what a producer of one's own needs to write transfers to Kafka."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    load_settings,
    print_json,
    stderr,
)
from app.settings import Settings
from app.stores.kafka import login
from app.stores.kafka_files import java_properties, librdkafka_properties
from embedded.home import PRODUCER_FILES, write_private

Client = Literal["librdkafka", "java"]


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(rich_help_panel="An instance")(env)


def env(
    home: HomeOption = DEFAULT_HOME,
    producer: Annotated[
        Client | None,
        typer.Option(help="Print the file of properties for this kind of client, with its password."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a producer of one's own needs: brokers, topic, user, and files that hold its password.

    Example: aml env --producer librdkafka > producer.properties
    """
    settings = load_settings(home)
    if producer is not None:
        typer.echo(_CONTENTS[producer](settings), nl=False)
        return
    answer = {
        "brokers": settings.kafka_producer_servers or settings.kafka_bootstrap_servers,
        "topic": settings.transfers_topic,
        "user": login(settings, "producer").username,
        **{
            client: str(path) if path.exists() else None
            for client, path in zip(_CONTENTS, producer_files(home), strict=True)
        },
    }
    if as_json:
        print_json(answer)
        return
    for name, value in answer.items():
        typer.echo(f"{name}={value or ''}")
    if not all(answer.values()):
        stderr.print("`aml env --producer librdkafka` or `java` prints a file of properties.")


def producer_files(home: Path) -> tuple[Path, ...]:
    """Where the instance in a folder keeps its property files."""
    return tuple(home.resolve() / name for name in PRODUCER_FILES)


def write_producer_files(settings: Settings, home: Path) -> None:
    """Writes both files, for their owner alone."""
    for content, path in zip(_CONTENTS.values(), producer_files(home), strict=True):
        write_private(path, content(settings))


_CONTENTS = {"librdkafka": librdkafka_properties, "java": java_properties}
