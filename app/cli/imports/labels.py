"""The command that imports labels from files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output.import_summary import print_label_summary
from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    count_progress,
    load_settings,
    open_record,
    print_json,
)
from app.errors import InvalidInput
from app.labels.lists import list_file
from app.labels.readers.label_file import LabelFormat, read_labels
from app.labels.readers.lists import DEFAULT_CONFIDENCE, ListOptions
from app.labels.readers.unusable import Unusable
from app.labels.store import import_labels
from app.policy.policy import load_policy


def import_label_file(
    file: Annotated[Path, typer.Argument(help="The label file, or a folder of label files.")],
    file_format: Annotated[
        LabelFormat, typer.Option("--format", help="Format of the file; else it is found out.")
    ] = LabelFormat.auto,
    home: HomeOption = DEFAULT_HOME,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="The file is all that its sources say now: remove their other labels."
        ),
    ] = False,
    chain: Annotated[str | None, typer.Option(help="Chain of a list that names none.")] = None,
    category: Annotated[str | None, typer.Option(help="Category of a list that has none.")] = None,
    source: Annotated[str | None, typer.Option(help="Source of a list.", show_default="its name")] = None,
    name: Annotated[str | None, typer.Option(help="Name of labels that have none.")] = None,
    confidence: Annotated[
        int, typer.Option(min=0, max=100, help="Confidence of a list that has none.")
    ] = DEFAULT_CONFIDENCE,
    column: Annotated[
        list[str] | None, typer.Option(help="MEANING=COLUMN of a list, as address=banned_address.")
    ] = None,
    allow_shrink: Annotated[
        bool,
        typer.Option("--allow-shrink", help="With --replace: it may remove more than a tenth of a list."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read everything, record nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import labels: CSV, TagPacks, OFAC, UK, EU and Israeli sanctions, JSON and plain lists.

    Each entry is a label, or is named with its line. A file of a folder that cannot be read stops no other.
    Importing a file again changes nothing. docs/labels.md describes every form.

    Example: aml import labels labels.csv --format csv
    """
    options = ListOptions(chain, category, source, name, confidence, _columns(column or []))
    settings = None if dry_run else load_settings(home)
    policy = None if settings is None else load_policy(settings.policy_file)
    skipped = Unusable()
    with count_progress("reading, in bytes") as progress:
        rows = list(read_labels(file, file_format, skipped=skipped, progress=progress, options=options))
    answer: dict[str, object] = {"labels": len(rows), "skipped": dict(skipped.most_common())}
    answer["unusable"] = [entry._asdict() for entry in skipped.entries]
    answer["unreadable"] = skipped.unreadable
    if replace and skipped.unreadable:
        raise InvalidInput(
            f"{skipped.unreadable[0]} With --replace its labels would be removed. Nothing was imported."
        )
    if rows and settings is not None and policy is not None:
        with open_record(settings) as postgres:
            report = import_labels(
                postgres,
                rows,
                policy.categories,
                replace=replace,
                allow_shrink=allow_shrink,
                listed=policy.listed,
                file=list_file(file),
            )
            answer = {**asdict(report), **answer}
    if as_json:
        print_json(answer)
    else:
        print_label_summary(answer)
    if not rows:
        raise InvalidInput(f"{file} holds no label that can be imported. Nothing was imported.")
    if skipped.unreadable:
        raise InvalidInput(f"{len(skipped.unreadable)} files could not be read; the others were imported.")


def _columns(pairs: list[str]) -> dict[str, str]:
    columns = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(columns) < len(pairs):
        raise InvalidInput("A --column is MEANING=COLUMN, for example --column address=banned_address.")
    return columns
