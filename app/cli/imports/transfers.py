"""The command that imports transfers from files of whatever form."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.assets.store import known_decimals
from app.cli.imports.publish import Gone, gone, publish
from app.cli.output.import_summary import print_summary, summary
from app.cli.output.outcome import print_outcome, require_consumed
from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    count_progress,
    load_settings,
    open_record,
    print_json,
)
from app.errors import DependencyMissing, InvalidInput
from ingest.files.forms import ETL, Form
from ingest.files.sources import Source, find_source, read_source
from ingest.files.spool import Spool
from ingest.files.tally import Tally


class TransferFormat(StrEnum):
    """Families of files that transfers are read from; `auto` finds out."""

    auto = "auto"
    csv = "csv"
    ethereum_etl = "ethereum-etl"


_FORMS = {TransferFormat.csv: {Form.product_csv}, TransferFormat.ethereum_etl: {*ETL}}


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
    partial: Annotated[
        bool,
        typer.Option("--partial", help="The files hold only a part of their blocks: retract nothing."),
    ] = False,
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
    left out is counted by reason. Importing again changes nothing; `aml import undo` takes an import back.
    docs/imports.md describes every form.

    Example: aml import transfers export/ --dry-run
    """
    tally = Tally()
    with Spool() as spool:
        with _nothing_imported():
            source = find_source(file, chain)
            _require_format(source, file_format)
            with count_progress("checking, in bytes") as progress:
                known = _known_decimals(source, home, is_required=not dry_run)
                spool.fill(read_source(source, tally, progress, known_decimals=known))
        answer = summary(source, spool.totals, tally)
        if not spool.totals.transfers + spool.totals.retractions:
            if as_json:
                print_json(answer)
            else:
                print_summary(answer)
            raise InvalidInput(f"{file} holds no transfer that can be imported. Nothing was imported.")
        outcome = None
        prepared = None if partial else _gone(spool, tally, source.chain, home, is_required=not dry_run)
        if prepared is not None:
            answer["gone"] = {"transfers": len(prepared.retractions), "blocks": prepared.blocks}
        if not dry_run:
            retractions = [] if prepared is None else prepared.retractions
            published = publish(spool, tally, load_settings(home), file, retractions, wait)
            outcome = published.outcome
            answer["import_id"] = published.import_id
            answer["delivered"] = published.report.delivered
            answer["outcome"] = None if outcome is None else asdict(outcome)
    if as_json:
        print_json(answer)
    else:
        print_summary(answer)
        if outcome is not None:
            print_outcome(answer["delivered"], outcome)
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


def _known_decimals(source: Source, home: Path, *, is_required: bool) -> dict[str, int]:
    """What the record knows of tokens; nothing in a dry run where it does not answer."""
    if not source.needs_decimals:
        return {}
    try:
        with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
            return known_decimals(connection, source.chain)
    except DependencyMissing:
        if is_required:
            raise
        return {}


def _gone(spool: Spool, tally: Tally, chain: str, home: Path, *, is_required: bool) -> Gone | None:
    """What the files' blocks have no longer; None in a dry run where the record does not answer."""
    try:
        return gone(spool, tally, chain, load_settings(home))
    except DependencyMissing:
        if is_required:
            raise
        return None
