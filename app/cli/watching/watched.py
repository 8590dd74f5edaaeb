"""Commands for watched wallets: watch, list, stop, import and export as CSV."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.alerts.watched import Watch, every_watched, unwatch_address, watch, watched_wallets
from app.alerts.watched_csv import read_watches, write_watches
from app.answers.alerts import WatchReport
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
from app.errors import InvalidInput, NotFound

WalletArgument = Annotated[str, typer.Argument(help="The wallet, as chain:address.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    watched = typer.Typer(
        help="Watch wallets: each run and each change judges them anew, and alerts tell of it.",
        epilog="Example: aml watch import customers.csv",
        no_args_is_help=True,
    )
    for name, command in (
        ("add", add),
        ("list", list_),
        ("remove", remove),
        ("import", import_),
        ("export", export),
    ):
        watched.command(name)(command)
    app.add_typer(watched, name="watch", rich_help_panel="Watching")


def add(
    wallet: WalletArgument,
    home: HomeOption = DEFAULT_HOME,
    reference: Annotated[str | None, typer.Option(help="Your own reference.")] = None,
    customer_reference: Annotated[
        str | None, typer.Option(help="Your reference of the customer, of several wallets the same.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Watch a wallet; of one that is watched already the references are replaced.

    Example: aml watch add ethereum:0x00…aa --customer-reference "customer 12"
    """
    chain, address = _parts(wallet)
    one = Watch(chain, address, reference, customer_reference, wallet)
    with open_record(load_settings(home)) as postgres:
        _tell(postgres.run(lambda connection: watch(connection, [one])), as_json=as_json)


def list_(
    home: HomeOption = DEFAULT_HOME,
    customer_reference: Annotated[str | None, typer.Option(help="Only wallets of this customer.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many wallets.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List watched wallets with what was last judged of them.

    Example: aml watch list
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction(snapshot=True) as connection:
        answer, _ = watched_wallets(connection, limit, None, customer_reference, with_total=True)
    if as_json:
        print_json(answer)
        return
    table = Table("wallet", "reference", "customer", "level", "flags", "by", "when")
    for each in answer.watched_wallets:
        by = f"run {each.run_id}" if each.run_id else f"screening {each.screening_id}"
        cells = (
            str(each.wallet),
            each.reference or "",
            each.customer_reference or "",
            each.risk_level or "unknown",
            ", ".join(each.flags),
            by if each.judged_at else "",
            f"{each.judged_at:%Y-%m-%d %H:%M}" if each.judged_at else "not judged yet",
        )
        table.add_row(*(Text(legible(cell), overflow="fold") for cell in cells))
    stdout.print(table)
    stderr.print(f"{len(answer.watched_wallets)} of {answer.total} watched wallets.")


def remove(wallet: WalletArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Watch a wallet no longer: its references are deleted, its alerts stay.

    Example: aml watch remove ethereum:0x00…aa
    """
    chain, address = _parts(wallet)
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        if not unwatch_address(connection, chain, address):
            raise NotFound(f"{wallet} is not watched. `aml watch list` shows what is.")
    if as_json:
        print_json({"removed": 1})
    else:
        stderr.print("It is watched no longer.")


def import_(
    file: Annotated[Path, typer.Argument(help="CSV: chain,address,reference,customer_reference.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Watch the wallets of a CSV file; all or none. Those that it does not have stay watched.

    Example: aml watch import customers.csv
    """
    watches = list(read_watches(file))
    with open_record(load_settings(home)) as postgres:
        _tell(postgres.run(lambda connection: watch(connection, watches)), as_json=as_json)


def export(
    file: Annotated[Path, typer.Argument(help="CSV file to write.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Write the watched wallets as CSV that is imported as the same.

    Example: aml watch export customers.csv
    """
    record = open_record(load_settings(home))
    with record as postgres, postgres.transaction(snapshot=True) as connection, writing(file):
        number = write_watches(every_watched(connection), file)
    if as_json:
        print_json({"watched_wallets": number, "path": str(file)})
    else:
        stderr.print(f"{number:,} watched wallets in {file}.", soft_wrap=True)


def _parts(wallet: str) -> tuple[str, str]:
    chain, colon, address = wallet.partition(":")
    if not colon:
        raise InvalidInput(f"{wallet} names no chain: write chain:address, such as ethereum:0x….")
    return chain.strip().lower(), address.strip()


def _tell(report: WatchReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    counts = ", ".join(f"{number:,} {name}" for name, number in report.model_dump().items())
    stderr.print(f"{counts}. The worker screens what is new.")
