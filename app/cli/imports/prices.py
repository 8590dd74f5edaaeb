"""Commands for prices: import them, say which sources there are, remove one, list what a run did not use."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

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
from app.operations.unused_prices import unused_prices
from app.prices.price_csv import REASONS, read_prices
from app.prices.store import import_prices, price_sources, remove_prices
from app.skipped_lines import SkippedLines


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    prices = typer.Typer(
        help="Say which prices there are, remove them, and list those that a run did not use.",
        epilog="Example: aml prices unused",
        no_args_is_help=True,
    )
    prices.command("sources")(sources)
    prices.command("remove")(remove)
    prices.command("unused")(unused)
    app.add_typer(prices, name="prices", rich_help_panel="Data")


def import_price_file(
    file: Annotated[Path, typer.Argument(help="The CSV file, plain, .gz or .zst.")],
    home: HomeOption = DEFAULT_HOME,
    source: Annotated[
        str | None, typer.Option(help="Who says these prices.", show_default="the file's name")
    ] = None,
    asset: Annotated[str | None, typer.Option(help="Asset of a file of one: chain:asset.")] = None,
    chain: Annotated[str | None, typer.Option(help="Chain of assets that name none.")] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="The file is all that its sources say: remove their other prices."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read everything, record nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import prices in USD by asset and day; the next run values transfers without a value by them.

    CSV with a heading: asset (chain:asset), day and price, in several spellings (docs/prices.md). A line that
    is no price is left out and counted. Importing a file again changes nothing.

    Example: aml import prices eth.csv --asset ethereum:ETH --source coingecko
    """
    skipped = SkippedLines()
    with count_progress("reading, in bytes") as progress:
        rows = list(read_prices(file, skipped, source=source, asset=asset, chain=chain, progress=progress))
    answer: dict[str, object] = {
        "prices": len(rows),
        "assets": len({(row.chain, row.asset) for row in rows}),
        "sources": sorted({row.source for row in rows}),
        "first_day": min((row.day for row in rows), default=None),
        "last_day": max((row.day for row in rows), default=None),
        "skipped": dict(skipped.counts.most_common()),
        "examples": skipped.examples,
    }
    if rows and not dry_run:
        with open_record(load_settings(home)) as postgres:
            answer |= asdict(import_prices(postgres, rows, replace=replace))
    if as_json:
        print_json(answer)
    else:
        print_reasons("prices", answer, REASONS)
    if not rows:
        raise InvalidInput(f"{file} holds no price that can be imported. Nothing was imported.")


def sources(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List the sources of prices, with how many they give and of which days.

    Example: aml prices sources
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        found = price_sources(connection)
    if as_json:
        print_json({"sources": [asdict(each) for each in found]})
        return
    table = Table("source", "prices", "assets", "first day", "last day")
    for each in found:
        table.add_row(
            each.source, f"{each.prices:,}", f"{each.assets:,}", str(each.first_day), str(each.last_day)
        )
    stdout.print(table)


def remove(
    source: Annotated[str, typer.Option(help="Prices of this source.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Remove the prices of a source; the record keeps them as removed, and earlier runs can be verified.

    Example: aml prices remove --source coingecko
    """
    with open_record(load_settings(home)) as postgres:
        removed = remove_prices(postgres, source)
    if as_json:
        print_json({"removed": removed})
    else:
        stderr.print(f"{removed} prices removed. The next scoring run does not use them.")


def unused(
    home: HomeOption = DEFAULT_HOME,
    run: Annotated[
        int | None, typer.Option(help="Number of a scoring run; without it, the published one.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List values and prices that a run did not use: further than ten times from their day's median.

    Example: aml prices unused --run 3
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        page = unused_prices(connection, run, limit, None)
    if as_json:
        print_json(page)
        return
    table = Table("asset", "day", "USD of one", "median", "what")
    for each in page.prices:
        what = f"transaction {each.transaction_hash}" if each.source is None else f"price of {each.source}"
        table.add_row(f"{each.chain}:{each.asset}", str(each.day), each.price, each.median, what)
    stdout.print(table)
    stderr.print(f"{len(page.prices)} of {page.total} of run {page.run_id}.")
