"""Commands that import files: transfers of whatever form, and labels."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.data import PANEL
from app.cli.output.import_summary import print_label_summary, print_summary, summary
from app.cli.output.outcome import await_outcome, print_outcome, require_consumed
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
from app.record.outcome import OffsetRange, Outcome, count_partitions
from app.settings import Settings
from ingest.files.forms import ETL, Form
from ingest.files.sources import Source, find_source, read_source
from ingest.files.spool import Spool
from ingest.files.tally import Tally
from ingest.kafka.producer import ProduceReport, produce_encoded


class TransferFormat(StrEnum):
    """Families of files that transfers are read from; `auto` finds out."""

    auto = "auto"
    csv = "csv"
    ethereum_etl = "ethereum-etl"


_FORMS = {TransferFormat.csv: {Form.product_csv}, TransferFormat.ethereum_etl: {*ETL}}


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    imports = typer.Typer(
        help="Import transfers or labels from files.",
        epilog="Example: aml import labels labels.csv --format csv",
        no_args_is_help=True,
    )
    imports.command("transfers")(import_transfers)
    imports.command("labels")(import_label_file)
    app.add_typer(imports, name="import", rich_help_panel=PANEL)


def import_transfers(
    file: Annotated[Path, typer.Argument(help="The file, or a folder of files of one export.")],
    file_format: Annotated[
        TransferFormat, typer.Option("--format", help="What it must be; else it is found out.")
    ] = TransferFormat.auto,
    home: HomeOption = DEFAULT_HOME,
    chain: Annotated[
        str | None, typer.Option(help="Chain of files that name none.", show_default="ethereum")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, publish nothing.")] = False,
    wait: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="Wait for the consumer, at most so many seconds without a consumed message."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import transfers from files of ethereum-etl, Etherscan, TronGrid, cryo, or the product, through Kafka.

    The form is found out and told. All is read and checked before the first transfer is published; what is
    left out is counted by reason. Importing again changes nothing. docs/imports.md describes every form.

    Example: aml import transfers export/ --dry-run
    """
    tally = Tally()
    with Spool() as spool:
        with _nothing_imported():
            source = find_source(file, chain)
            _require_format(source, file_format)
            with count_progress("checking, in bytes") as progress:
                spool.fill(read_source(source, tally, progress))
        answer = summary(source, spool.totals, tally)
        if not spool.totals.transfers + spool.totals.retractions:
            if as_json:
                print_json(answer)
            else:
                print_summary(answer)
            raise InvalidInput(f"{file} holds no transfer that can be imported. Nothing was imported.")
        outcome = None
        if not dry_run:
            report, outcome = _publish(spool, load_settings(home), wait)
            answer["delivered"] = report.delivered
            answer["outcome"] = None if outcome is None else asdict(outcome)
    if as_json:
        print_json(answer)
    else:
        print_summary(answer)
        if outcome is not None:
            print_outcome(spool.totals.transfers, outcome)
    if outcome is not None and wait is not None:
        require_consumed(outcome, wait)


@contextmanager
def _nothing_imported() -> Iterator[None]:
    """A block that reads before anything is published; its errors say so."""
    said = " Nothing was imported."
    try:
        yield
    except InvalidInput as exc:
        raise InvalidInput(f"{str(exc).removesuffix(said)}{said}") from exc


def _require_format(source: Source, file_format: TransferFormat) -> None:
    others = [form for form in source.files if form not in _FORMS.get(file_format, {*Form})]
    if others:
        raise InvalidInput(f"{source.path} is not only {file_format}: it has {', '.join(others)}.")


def _publish(spool: Spool, settings: Settings, wait: float | None) -> tuple[ProduceReport, Outcome | None]:
    total = spool.totals.transfers + spool.totals.retractions
    if wait is None:
        with count_progress("publishing", total) as progress:
            return produce_encoded(spool.messages(), settings, progress), None
    topic = settings.transfers_topic
    with open_record(settings) as postgres:
        with postgres.transaction() as connection:
            before = count_partitions(connection, topic)
        with count_progress("publishing", total) as progress:
            report = produce_encoded(spool.messages(), settings, progress)
        ranges = [OffsetRange(*each) for each in report.offsets]
        with count_progress("waiting for the consumer", report.delivered) as progress:
            outcome = await_outcome(postgres, topic, before, ranges, silence_seconds=wait, progress=progress)
    return report, outcome


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
    settings = load_settings(home)
    policy = load_policy(settings.policy_file)
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
    if rows and not dry_run:
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
