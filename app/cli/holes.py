"""Commands for holes in what was read from Kafka: list them, and say that they were seen."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    load_settings,
    open_record,
    print_json,
    stderr,
    stdout,
)
from app.errors import InvalidInput
from app.record.holes import MEANINGS, list_holes, mark_seen


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(
        help="List messages of Kafka that could not be read, and say that they were seen.",
        epilog="Example: aml holes list",
        no_args_is_help=True,
    )
    group.command("list")(list_all)
    group.command("seen")(seen)
    app.add_typer(group, name="holes", rich_help_panel="Data")


def list_all(
    home: HomeOption = DEFAULT_HOME,
    with_seen: Annotated[bool, typer.Option("--all", help="Also those that were seen.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the latest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List holes that nobody has seen, latest first: where, why, and what to do.

    Example: aml holes list --all
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        page = list_holes(connection, with_seen=with_seen, limit=limit)
    if as_json:
        print_json(page)
        return
    table = Table("hole", "partition", "from", "to", "reason", "told", "seen")
    for hole in page.holes:
        table.add_row(
            str(hole.hole_id),
            Text(f"{hole.topic}/{hole.partition}"),
            str(hole.from_offset),
            "not known" if hole.to_offset is None else str(hole.to_offset),
            hole.reason,
            f"{hole.told_at:%Y-%m-%d %H:%M:%S}",
            f"{hole.seen_at:%Y-%m-%d %H:%M:%S}" if hole.seen_at else "",
        )
    stdout.print(table)
    for reason in dict.fromkeys(hole.reason for hole in page.holes):
        stderr.print(f"{reason}: {MEANINGS[reason]}", highlight=False)


def seen(
    hole_ids: Annotated[list[int] | None, typer.Argument(help="Numbers of `aml holes list`.")] = None,
    home: HomeOption = DEFAULT_HOME,
    every: Annotated[bool, typer.Option("--all", help="All holes.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say that holes were seen or filled; the alarm ends when all were.

    Example: aml holes seen 1 2
    """
    if every == bool(hole_ids):
        raise InvalidInput("Name holes by their numbers, or all of them by --all.")
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        marked = mark_seen(connection, None if every else hole_ids)
    if as_json:
        print_json({"seen": marked})
        return
    stderr.print(f"{marked} marked as seen.", highlight=False)
