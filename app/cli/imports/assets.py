"""Commands for the registry of assets: import entries, list them, remove a source's."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.assets.asset_file import REASONS, read_assets
from app.assets.store import current_assets, import_assets, remove_assets
from app.cli.output.import_summary import print_reasons
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
from app.errors import InvalidInput
from app.skipped_lines import SkippedLines


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    assets = typer.Typer(
        help="List the registry of assets, and remove a source's entries.",
        epilog="Example: aml assets list --search usdt",
        no_args_is_help=True,
    )
    assets.command("list")(list_assets)
    assets.command("remove")(remove)
    app.add_typer(assets, name="assets", rich_help_panel="Data")


def import_asset_file(
    file: Annotated[Path, typer.Argument(help="The file, plain, .gz or .zst.")],
    home: HomeOption = DEFAULT_HOME,
    source: Annotated[
        str | None, typer.Option(help="Who says so.", show_default="the list's or the file's name")
    ] = None,
    chain: Annotated[
        str | None, typer.Option(help="Chain of assets that name none.", show_default="ethereum")
    ] = None,
    known: Annotated[
        bool | None,
        typer.Option(
            "--known/--names-only",
            help="Whether the money of these assets counts; else by the file's form.",
            show_default=False,
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="The file is all that its sources say: remove their other entries."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read everything, record nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import symbols, names and decimals of assets: CSV, tokens.csv of ethereum-etl, token lists (JSON).

    Assets of a CSV or of a token list are known: their money counts. Those of tokens.csv are only named,
    since it lists every contract. docs/prices.md describes each form. Importing again changes nothing.

    Example: aml import assets tokens.csv --chain polygon
    """
    skipped = SkippedLines()
    with count_progress("reading, in bytes") as progress:
        rows = list(
            read_assets(
                file, skipped, source=source, chain=chain or "ethereum", known=known, progress=progress
            )
        )
    answer: dict[str, object] = {
        "assets": len(rows),
        "known": sum(row.known for row in rows),
        "sources": sorted({row.source for row in rows}),
        "skipped": dict(skipped.counts.most_common()),
        "examples": skipped.examples,
    }
    if rows and not dry_run:
        with open_record(load_settings(home)) as postgres:
            answer |= asdict(import_assets(postgres, rows, replace=replace))
    if as_json:
        print_json(answer)
    else:
        print_reasons("assets", answer, REASONS)
    if not rows:
        raise InvalidInput(f"{file} holds no asset that can be imported. Nothing was imported.")


def list_assets(
    home: HomeOption = DEFAULT_HOME,
    search: Annotated[
        str | None, typer.Option(help="Only entries with this text in symbol, name, contract or source.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the registry: what each source calls an asset, and whether its money counts.

    Example: aml assets list --search usdt
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        rows = current_assets(connection, search, limit)
    if as_json:
        print_json({"assets": [row._asdict() for row in rows]})
        return
    table = Table("asset", "symbol", "name", "decimals", "known", "source")
    for row in rows:
        cells = (
            f"{row.chain}:{row.asset}",
            row.symbol or "",
            row.name or "",
            "" if row.decimals is None else str(row.decimals),
            "yes" if row.known else "only named",
            row.source,
        )
        table.add_row(*map(Text, cells))
    stdout.print(table)


def remove(
    source: Annotated[str, typer.Option(help="Entries of this source.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Remove the entries of a source; the record keeps them as removed, and earlier runs can be verified.

    Example: aml assets remove --source "Uniswap Labs Default"
    """
    with open_record(load_settings(home)) as postgres:
        removed = remove_assets(postgres, source)
    if as_json:
        print_json({"removed": removed})
    else:
        stderr.print(f"{removed} entries removed. The next scoring run does not use them.")
