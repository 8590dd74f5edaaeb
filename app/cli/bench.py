"""`aml bench`: the measurements behind the figures in the documents."""

from typing import Annotated, Any

import typer
from rich.table import Table

from app.cli.terminal import JsonOption, print_json, stdout


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    bench = typer.Typer(help="Measure this machine, on embedded servers of its own.", no_args_is_help=True)
    bench.command()(ingest)
    bench.command()(reconcile)
    bench.command()(late)
    bench.command()(pages)
    app.add_typer(bench, name="bench")


def ingest(
    transfers: Annotated[int, typer.Option(min=1_500, help="How many transfers.")] = 20_000,
    as_json: JsonOption = False,
) -> None:
    """Measure ingestion: the record alone, the graph alone, and end to end from Kafka into both.

    Example: aml bench ingest --transfers 200000
    """
    from bench.ingest import run  # noqa: PLC0415 - other commands do without it

    _show(run(transfers), as_json=as_json)


def reconcile(
    transfers: Annotated[int, typer.Option(min=1_500, help="How many transfers.")] = 300_000,
    as_json: JsonOption = False,
) -> None:
    """Measure comparing the graph with the record, and mending one edge.

    Example: aml bench reconcile --transfers 300000
    """
    from bench.reconcile import run  # noqa: PLC0415 - likewise

    _show(run(transfers), as_json=as_json)


def late(as_json: JsonOption = False) -> None:
    """Measure one late transfer in pools with 10, 1,000 and 100,000 later ones: seconds, and rows restated.

    Example: aml bench late
    """
    from bench.late import run  # noqa: PLC0415 - likewise

    _show(run(), as_json=as_json)


def pages(
    wallets: Annotated[int, typer.Option(min=1_000, help="How many wallets are scored.")] = 100_000,
    hub: Annotated[int, typer.Option(min=100, help="How many transfers the hub gets, and sends.")] = 30_000,
    requests: Annotated[int, typer.Option(min=20, help="How many of each page.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """Measure the pages' first byte: leaderboard, wallets beside a hub, the hub itself.

    Example: aml bench pages --wallets 100000 --hub 30000
    """
    from bench.pages import run  # noqa: PLC0415 - other commands do without it

    _show(run(wallets, hub, requests), as_json=as_json)


def _show(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, str(value))
    stdout.print(table)
