"""Commands that import files, list imports, undo one, and adapt what other programs stream."""

import typer

from app.cli.data import PANEL
from app.cli.imports.labels import import_label_file
from app.cli.imports.transfers import import_transfers
from app.cli.imports.undo import list_all, undo


def register(app: typer.Typer) -> None:
    """Adds the commands of this folder."""
    imports = typer.Typer(
        help="Import transfers or labels from files, or undo an import.",
        epilog="Example: aml import labels labels.csv --format csv",
        no_args_is_help=True,
    )
    imports.command("transfers")(import_transfers)
    imports.command("labels")(import_label_file)
    imports.command("undo")(undo)
    app.add_typer(imports, name="import", rich_help_panel=PANEL)
    app.command("imports", rich_help_panel=PANEL)(list_all)
