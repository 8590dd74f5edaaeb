"""`aml screen`: addresses and files of them, and erasing the references of a caller."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from app.answers.names import ScreeningCause
from app.answers.screenings import ScreenedLabel, Screening, Screenings
from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    count_progress,
    load_settings,
    open_graph,
    open_record,
    print_json,
    stderr,
    stdout,
    writing,
)
from app.errors import InvalidInput, NotFound
from app.input_files import read_text_lines
from app.screening.files import OUT_COLUMNS, out_row, read_subjects
from app.screening.screen import Screener
from app.screening.store import forget
from app.screening.subjects import MAX_SUBJECTS, Subject, WalletSubject
from app.screening.wallets import From
from app.stores.limits import Work

Line = tuple[int, str | None, Subject | str]


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(rich_help_panel="Scores and reasons")(screen)


def screen(
    addresses: Annotated[
        list[str] | None,
        typer.Argument(help="Addresses in any spelling: also chain:address, or an explorer's URL."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    chain: Annotated[str | None, typer.Option(help="The chain of all these addresses.")] = None,
    tag: Annotated[
        str | None, typer.Option(help="Memo or destination tag, which names one user of the address.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="CSV with a header (address, chain, tag, …), or an address a line."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the answers to --file.")] = None,
    source: Annotated[
        From,
        typer.Option("--from", help="auto: the published run, and paths where something came after it."),
    ] = "auto",
    customer: Annotated[
        str | None, typer.Option("--customer-reference", help="Your name of the customer.")
    ] = None,
    forget_reference: Annotated[
        str | None,
        typer.Option(help="Erase this reference of a subject or customer; its screenings name nobody then."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Screen wallets now: level, reasons, labels and lists; each screening is recorded with a number.

    An address that is on a list is severe though it never moved anything; one that is in no record is
    `never_seen`, which says nothing about its money. Ends with exit code 1 where a text was no address.

    Example: aml screen 0x00…aa eth:0x00…bb --json

    Example: aml screen --file in.csv --out out.csv
    """
    settings = load_settings(home)
    if forget_reference is not None:
        with open_record(settings) as postgres:
            gone = postgres.run(lambda connection: forget(connection, text_value=forget_reference))
        if not gone:
            raise NotFound("No screening has this reference.")
        if as_json:
            print_json([one.model_dump() for one in gone])
        else:
            stderr.print(f"Erased; {sum(one.screenings for one in gone)} screenings name nobody now.")
        return
    if (file is None) != (out is None):
        raise InvalidInput("--file and --out belong together.")
    if bool(addresses) == (file is not None):
        raise InvalidInput("Name addresses, or a file of them with --file.")
    with open_record(settings) as postgres, open_graph(settings) as graph:
        screener = Screener(postgres.during(Work.BATCH), graph.during(Work.READ), settings)
        if file is not None and out is not None:
            refused = _file(screener, file, out, source, as_json=as_json)
        else:
            subjects = [_subject(one, chain, customer, tag) for one in addresses or []]
            cause: ScreeningCause = "request" if len(subjects) == 1 else "batch"
            screenings = screener.screen(subjects, cause=cause, source=source)
            refused = sum(one.status == "refused" for one in screenings)
            _show(screenings, as_json=as_json)
    if refused:
        raise typer.Exit(1)


def _subject(address: str, chain: str | None, customer: str | None, tag: str | None) -> WalletSubject:
    """The wallet that the words name.

    Raises:
        InvalidInput: a word cannot be what it stands for.
    """
    try:
        return WalletSubject(
            type="wallet", address=address, chain=chain, customer_reference=customer, tag=tag
        )
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        field = str(first["loc"][-1])
        name = f"--{field.replace('_', '-')}" if field in {"chain", "customer_reference", "tag"} else None
        raise InvalidInput(f"{name or 'An address'} cannot be used: {first['msg']}.") from exc


def _file(screener: Screener, file: Path, out: Path, source: From, *, as_json: bool) -> int:
    """Screens a file in parts, each written as it is answered; returns how many lines were refused."""
    counts: dict[str, int] = {}
    lines = read_subjects((line for _, line in read_text_lines(file)), str(file))
    with writing(out), out.open("w", newline="") as written, count_progress("screening") as progress:
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow(OUT_COLUMNS)
        done = 0
        for part in _parts(lines):
            subjects = [subject for _, _, subject in part if not isinstance(subject, str)]
            answers = iter(screener.screen(subjects, cause="batch", source=source))
            for line, reference, subject in part:
                answer = subject if isinstance(subject, str) else next(answers)
                writer.writerow(out_row(line, reference, answer))
                status = "refused" if isinstance(answer, str) else answer.status
                counts[status] = counts.get(status, 0) + 1
            done += len(part)
            progress(done)
    if as_json:
        print_json({"file": str(out), "screenings": done, "by_status": counts})
    else:
        said = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        stderr.print(f"{done:,} lines in {out}: {said or 'nothing'}.", soft_wrap=True)
    return counts.get("refused", 0)


def _parts(lines: Iterable[Line]) -> Iterator[list[Line]]:
    rest = iter(lines)
    while part := list(islice(rest, MAX_SUBJECTS)):
        yield part


def _show(screenings: list[Screening], *, as_json: bool) -> None:
    if as_json:
        print_json(Screenings(screenings=screenings))
        return
    for one in screenings:
        table = Table("", str(one.asked.get("address")), title=f"Screening {one.screening_id}")
        table.add_row("level", one.risk_level or "unknown")
        table.add_row("status", one.status)
        for name, value in (
            ("score", one.score),
            ("flags", " ".join(one.flags)),
            ("detail", one.detail),
        ):
            if value:
                table.add_row(name, value)
        for reason in one.reasons:
            table.add_row("reason" if not reason.decides else "decides", reason.sentence)
        for amount in one.amounts:
            table.add_row(
                amount.category,
                f"{amount.direction}: {amount.direct_usd} USD direct, {amount.indirect_usd} USD indirect",
            )
        for label in (label for wallet in one.wallets for label in wallet.labels):
            since = "" if label.valid_from is None else f", listed {label.valid_from:%Y-%m-%d}"
            table.add_row(
                "label",
                f"{label.category or 'name'}: {label.name} ({label.source} of "
                f"{label.recorded_at:%Y-%m-%d}{since}; {label.chain}{_of_tag(label)})",
            )
        for note in one.notes:
            table.add_row("note", note)
        base = one.computed_from
        if base is not None and base.origin is not None:
            run = "no run" if base.run is None else f"run {base.run.run_id}"
            lists = ", ".join(f"{each.source} {each.entries}" for each in base.lists)
            table.add_row("computed from", f"{base.origin}, {run}, batch {base.watermark}; lists: {lists}")
        stdout.print(table)


def _of_tag(label: ScreenedLabel) -> str:
    if label.tag is None:
        return ""
    return f"; {'other tag' if label.other_tag else 'tag'} {label.tag}"
