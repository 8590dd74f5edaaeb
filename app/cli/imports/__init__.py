"""Commands that import files, list imports, undo one, and adapt what other programs stream."""

import typer

from app.cli.imports.adapt import adapt_ethereum_etl
from app.cli.imports.assets import import_asset_file
from app.cli.imports.labels import import_label_file
from app.cli.imports.prices import import_price_file
from app.cli.imports.transfers import import_transfers
from app.cli.imports.undo import list_all, undo
from app.cli.upkeep.record_files import read_record

PANEL = "Data"


def register(app: typer.Typer) -> None:
    """Adds the commands of this folder."""
    imports = typer.Typer(
        help="Import transfers, labels, prices, assets or a whole record from files, or undo an import.",
        epilog="Example: aml import labels labels.csv --format csv",
        no_args_is_help=True,
    )
    imports.command("transfers")(import_transfers)
    imports.command("labels")(import_label_file)
    imports.command("prices")(import_price_file)
    imports.command("assets")(import_asset_file)
    imports.command("record")(read_record)
    imports.command("undo")(undo)
    app.add_typer(imports, name="import", rich_help_panel=PANEL)
    adapt = typer.Typer(
        help="Publish another program's stream as transfers.",
        epilog="Example: aml adapt ethereum-etl --topic transactions --topic token_transfers",
        no_args_is_help=True,
    )
    adapt.command("ethereum-etl")(adapt_ethereum_etl)
    adapt.callback()(_adapters)
    app.add_typer(adapt, name="adapt", rich_help_panel=PANEL)
    app.command("imports", rich_help_panel=PANEL)(list_all)


def _adapters() -> None:
    """Publish another program's stream as transfers."""
