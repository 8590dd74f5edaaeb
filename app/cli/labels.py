"""Commands about labels: what is said about wallets now, what was said, and taking it back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.cli.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    configure,
    print_json,
    record,
    stderr,
    stdout,
)
from app.errors import NotFound
from app.labels.answers import RecordedLabel
from app.labels.lookup import current_labels, label_history
from app.labels.store import remove_labels
from app.policy.policy import load_policy

WalletOption = Annotated[str | None, typer.Option(help="Only those of an address, or of chain:address.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    labels = typer.Typer(help="What is said about wallets.", no_args_is_help=True)
    labels.command("list")(list_labels)
    labels.command("history")(history)
    labels.command("remove")(remove)
    app.add_typer(labels, name="labels")


def list_labels(
    home: HomeOption = DEFAULT_HOME,
    wallet: WalletOption = None,
    source: Annotated[str | None, typer.Option(help="Only those of this source.")] = None,
    category: Annotated[str | None, typer.Option(help="Only those of this category.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many labels.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the labels that are recorded and not removed, and which of them speaks for its wallet now.

    Example: aml labels list --wallet ethereum:0x00…aa
    """
    configured = configure(home)
    severities = load_policy(configured.policy_file).severities
    with record(configured) as postgres:
        found = current_labels(
            postgres, severities, wallet=wallet, source=source, category=category, limit=limit
        )
    if as_json:
        print_json({"total": found.total, "labels": found.labels})
        return
    stdout.print(_table(found.labels, {"speaks": ["yes" if label.speaks else "" for label in found.labels]}))
    stderr.print(f"{len(found.labels)} of {found.total} labels.")


def history(
    wallet: Annotated[str, typer.Argument(help="An address, or chain:address.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show every label a wallet ever had, with when it was recorded and removed.

    Example: aml labels history ethereum:0x00…aa
    """
    with record(configure(home)) as postgres:
        found = label_history(postgres, wallet)
    if not found:
        raise NotFound(f"No label of {wallet} was ever recorded.")
    if as_json:
        print_json({"labels": found})
        return
    times = {
        "recorded": [f"{label.recorded_at:%Y-%m-%d %H:%M:%S}" for label in found],
        "removed": [f"{at:%Y-%m-%d %H:%M:%S}" if (at := label.removed_at) else "" for label in found],
    }
    stdout.print(_table(found, times))


def remove(
    home: HomeOption = DEFAULT_HOME,
    source: Annotated[str | None, typer.Option(help="Those of this source.")] = None,
    address: Annotated[str | None, typer.Option(help="Those of an address, or of chain:address.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Remove the labels of a source, of an address, or of both. The record keeps them, with the time.

    Example: aml labels remove --source "OFAC SDN" --address ethereum:0x00…aa
    """
    with record(configure(home)) as postgres:
        removed = remove_labels(postgres, source=source, wallet=address)
    if as_json:
        print_json({"removed": removed})
    else:
        stderr.print(f"{removed} labels removed. The next scoring run does without them.")


def _table(labels: Sequence[RecordedLabel], more: Mapping[str, Iterable[str]]) -> Table:
    table = Table("wallet", "category", "name", "source", "confidence", "valid", *more)
    for label, *values in zip(labels, *more.values(), strict=True):
        # As texts: a name is somebody else's, and may look like markup.
        cells = (
            f"{label.chain}:{label.address}",
            label.category or "(only a name)",
            label.name,
            label.source,
            str(label.confidence),
            _validity(label),
            *values,
        )
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    return table


def _validity(label: RecordedLabel) -> str:
    since, until = (f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (label.valid_from, label.valid_to))
    return f"{since} to {until}" if since or until else "always"
