"""Commands that list imports and undo one."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    count_progress,
    load_settings,
    open_record,
    print_json,
    stderr,
    stdout,
)
from app.record.imports import find_import, list_imports, undo_import
from ingest.record.withdrawal import withdraw_import


def list_all(
    home: HomeOption = DEFAULT_HOME,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the latest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List imports of transfers, latest first: what, when, and whether it was undone.

    Example: aml imports --json
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        page = list_imports(connection, limit=limit)
    if as_json:
        print_json(page)
        return
    table = Table("import", "state", "messages", "started", "path")
    for each in page.imports:
        table.add_row(
            each.import_id,
            each.state,
            "" if each.messages is None else f"{each.messages:,}",
            f"{each.started_at:%Y-%m-%d %H:%M:%S}",
            Text(each.path or ""),
        )
    stdout.print(table)


def undo(
    import_id: Annotated[
        str, typer.Argument(metavar="ID", help="Of `aml imports`, or its beginning where that is enough.")
    ],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Undo an import: what it alone brought is as if it had never been said.

    What a producer or another import said too stays. It is no retraction: importing the same files again
    brings it back. Interrupted, it is finished by the consumer, or by the same command.

    Example: aml import undo 3f9a2c71d0b4
    """
    with open_record(load_settings(home)) as postgres:
        with postgres.transaction() as connection:
            number, before = find_import(connection, import_id)
        postgres.run(lambda connection: undo_import(connection, number))
        with count_progress("withdrawing", before.messages) as progress:
            withdraw_import(postgres, number, progress=progress)
        with postgres.transaction() as connection:
            _, undone = find_import(connection, before.import_id)
    if as_json:
        print_json(undone)
    elif before.state == "undone":
        stderr.print(f"{undone.import_id} was undone before.", highlight=False)
    else:
        stderr.print(f"{undone.import_id} is undone; the graph follows.", highlight=False)
