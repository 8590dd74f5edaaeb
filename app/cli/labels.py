"""Commands for labels: list the current ones, show a wallet's history, remove them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    legible,
    load_settings,
    open_record,
    print_json,
    stderr,
    stdout,
    writing,
)
from app.errors import DependencyMissing, NotFound
from app.labels.answers import RecordedLabel
from app.labels.lists import recorded_lists
from app.labels.lookup import current_labels, label_history
from app.labels.store import remove_labels
from app.labels.writers.current import current_rows
from app.labels.writers.label_csv import write_csv
from app.labels.writers.tagpack import write_tagpacks
from app.operations.lists import update_lists
from app.policy.policy import load_policy


class ExportFormat(StrEnum):
    """Formats that labels are written in."""

    csv = "csv"
    tagpack = "tagpack"


WalletOption = Annotated[
    str | None, typer.Option(help="Only labels of this wallet: an address, or chain:address.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    labels = typer.Typer(
        help="List, trace and remove the labels of wallets.",
        epilog="Example: aml labels list --limit 10",
        no_args_is_help=True,
    )
    labels.command("list")(list_labels)
    labels.command("history")(history)
    labels.command("remove")(remove)
    labels.command("lists")(lists)
    labels.command("update")(update)
    app.add_typer(labels, name="labels", rich_help_panel="Data")


def list_labels(
    home: HomeOption = DEFAULT_HOME,
    wallet: WalletOption = None,
    source: Annotated[str | None, typer.Option(help="Only labels of this source.")] = None,
    category: Annotated[str | None, typer.Option(help="Only labels of this category.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only labels of this tag of an address.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many labels.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the labels that are recorded and not removed, and which of them scoring uses for its wallet now.

    Example: aml labels list --wallet ethereum:0x00…aa
    """
    settings = load_settings(home)
    rules = load_policy(settings.policy_file).label_rules
    with open_record(settings) as postgres:
        page = current_labels(
            postgres,
            rules,
            wallet=wallet,
            source=source,
            category=category,
            tag=tag,
            limit=limit,
            with_total=True,
        )
    if as_json:
        print_json({"total": page.total, "labels": page.labels})
        return
    used = ["yes" if label.effective else "" for label in page.labels]
    stdout.print(_table(page.labels, {"used": used}))
    stderr.print(f"{len(page.labels)} of {page.total} labels.")


def history(
    wallet: Annotated[str, typer.Argument(help="An address, or chain:address.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show every label a wallet ever had, with when it was recorded and removed.

    Example: aml labels history ethereum:0x00…aa
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        labels = label_history(connection, wallet)
    if not labels:
        raise NotFound(f"No label of {wallet} was ever recorded.")
    if as_json:
        print_json({"labels": labels})
        return
    times = {
        "recorded": [f"{label.recorded_at:%Y-%m-%d %H:%M:%S}" for label in labels],
        "removed": [f"{at:%Y-%m-%d %H:%M:%S}" if (at := label.removed_at) else "" for label in labels],
    }
    stdout.print(_table(labels, times))


def remove(
    home: HomeOption = DEFAULT_HOME,
    source: Annotated[str | None, typer.Option(help="Labels of this source.")] = None,
    address: Annotated[
        str | None, typer.Option(help="Labels of this wallet: an address, or chain:address.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Remove the labels of a source, of a wallet, or of both; the record keeps them as removed.

    Example: aml labels remove --source "OFAC SDN" --address ethereum:0x00…aa
    """
    with open_record(load_settings(home)) as postgres:
        removed = remove_labels(postgres, source=source, wallet=address)
    if as_json:
        print_json({"removed": removed})
    else:
        stderr.print(f"{removed} labels removed. The next scoring run does not use them.")


def lists(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List where labels were imported from: entries, digest, when each was read, and which are too old.

    Example: aml labels lists
    """
    settings = load_settings(home)
    with open_record(settings) as postgres, postgres.transaction() as connection:
        answer = recorded_lists(connection, settings.list_max_age_days)
    if as_json:
        print_json(answer)
        return
    table = Table("source", "entries", "digest", "imported", "last read", "from", "")
    for each in answer.lists:
        cells = (
            each.source,
            f"{each.entries:,}",
            each.digest[:12],
            f"{each.recorded_at:%Y-%m-%d %H:%M}",
            f"{each.checked_at:%Y-%m-%d %H:%M}",
            each.origin,
            "too old: aml labels update" if each.stale else "",
        )
        table.add_row(*(Text(legible(cell), overflow="fold") for cell in cells))
    stdout.print(table)


def update(
    home: HomeOption = DEFAULT_HOME,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="A list may lose more than a tenth of its labels.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch the lists of AML_LIST_URLS and import each; what a list no longer names is delisted, not deleted.

    Example: aml labels update
    """
    settings = load_settings(home)
    with open_record(settings) as postgres, stderr.status("Reading lists"):
        updated = update_lists(postgres, settings, allow_shrink=allow_shrink)
    if as_json:
        print_json({"lists": updated})
    for each in () if as_json else updated:
        counts = asdict(each.report) if each.report else {}
        said = ", ".join(f"{number:,} {name}" for name, number in counts.items()) or f"not read: {each.error}"
        stderr.print(legible(f"{each.address}: {said}."), markup=False, highlight=False, soft_wrap=True)
    if failed := [each for each in updated if each.error]:
        raise DependencyMissing(f"{len(failed)} of {len(updated)} lists are as they were before.")


def export_labels(
    path: Annotated[Path, typer.Argument(help="CSV file to write, or new folder of TagPacks.")],
    home: HomeOption = DEFAULT_HOME,
    file_format: Annotated[
        ExportFormat, typer.Option("--format", help="csv is exact; tagpack is for GraphSense's tools.")
    ] = ExportFormat.csv,
    source: Annotated[str | None, typer.Option(help="Only labels of this source.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the current labels, as CSV that is imported as the same labels, or as a TagPack for each source.

    Example: aml export labels labels.csv
    """
    write = write_csv if file_format is ExportFormat.csv else write_tagpacks
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection, writing(path):
        number = write(current_rows(connection, source), path)
    if as_json:
        print_json({"labels": number, "path": str(path)})
    else:
        stderr.print(f"{number:,} labels in {path}.", soft_wrap=True)


def _table(labels: Sequence[RecordedLabel], more: Mapping[str, Iterable[str]]) -> Table:
    table = Table("wallet", "category", "name", "source", "confidence", "valid", *more)
    for label, *values in zip(labels, *more.values(), strict=True):
        # As Text: names come from other people's files and may look like markup.
        cells = (
            f"{label.chain}:{label.address}" + (f" tag {label.tag}" if label.tag else ""),
            label.category or "(only a name)",
            label.name,
            label.source,
            str(label.confidence),
            _validity(label),
            *values,
        )
        table.add_row(*(Text(legible(cell), overflow="fold") for cell in cells))
    return table


def _validity(label: RecordedLabel) -> str:
    since, until = (f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (label.valid_from, label.valid_to))
    return f"{since} to {until}" if since or until else "always"
