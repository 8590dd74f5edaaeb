"""Commands about runs: verify one, compare two, cancel one, and a wallet's scores by run."""

from typing import Annotated

import typer
from rich.table import Table

from app.answers.comparisons import RunDiff, ScoreChange, WalletDiff
from app.cli.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    configure,
    print_json,
    record,
    stderr,
    stdout,
    steps,
)
from app.errors import Unequal
from app.runs.cancel import cancel_run
from app.runs.history import history as history_of
from app.runs.listing import one_run

RunArgument = Annotated[int, typer.Argument(min=1, help="Number of the run.", show_default=False)]
WalletArgument = Annotated[str, typer.Argument(help="An address, or chain:address.")]
LimitOption = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]
CursorOption = Annotated[str | None, typer.Option(help="`next` of the page before, of --json.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(verify)
    app.command()(diff)
    app.command()(history)
    app.command()(cancel)


def verify(run: RunArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Compute a past run again from the record, and compare it with what is stored.

    Says equal, or what differs first, and then ends with exit code 1. Example: aml verify 3
    """
    from app.verify.verify import verify_run  # noqa: PLC0415 - loads a compiler

    with record(configure(home)) as postgres, steps("verifying") as progress:
        found = verify_run(postgres, run, progress)
    if as_json:
        print_json(found)
    else:
        for note in found.notes:
            stderr.print(note, highlight=False, soft_wrap=True)
        if found.equal:
            stdout.print(
                f"equal: run {run}, {found.transfers} transfers, {found.exposures} exposures and "
                f"{found.scores} scores computed again",
                highlight=False,
            )
    if not found.equal:
        details = "\n".join(difference.detail for difference in found.differences)
        raise Unequal(f"Run {run} is not what the record gives.\n{details}")


def diff(
    run_a: RunArgument,
    run_b: RunArgument,
    wallet: Annotated[str | None, typer.Argument(help="Only this wallet: address or chain:address.")] = None,
    home: HomeOption = DEFAULT_HOME,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the wallets whose score changed between two runs, biggest change first, and why.

    The parts from transfers, labels and policy add up to the change. Example: aml diff 2 3
    """
    from app.verify.diff_lists import run_diff, wallet_diff  # noqa: PLC0415 - loads a compiler

    with record(configure(home)) as postgres:
        found = (
            run_diff(postgres, run_a, run_b, limit, cursor)
            if wallet is None
            else wallet_diff(postgres, run_a, run_b, wallet)
        )
    if as_json:
        print_json(found)
    elif isinstance(found, RunDiff):
        stdout.print(_changes(found.changes, f"{found.changed} scores changed"))
    else:
        stdout.print(_changes([found.score], "one wallet"))
        stdout.print(_contributions(found))


def history(
    wallet: WalletArgument,
    home: HomeOption = DEFAULT_HOME,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    as_json: JsonOption = False,
) -> None:
    """List a wallet's scores by run, newest first.

    Example: aml history ethereum:0x00…aa
    """
    with record(configure(home)) as postgres, postgres.transaction(snapshot=True) as connection:
        found = history_of(connection, wallet, limit, cursor)
    if as_json:
        print_json(found)
        return
    table = Table("run", "as of", "policy", title=f"{found.wallet.chain}:{found.wallet.address}")
    table.add_column("score", justify="right")
    for column in ("level", "direction", "main category", ""):
        table.add_column(column)
    for each in found.scores:
        table.add_row(
            str(each.run_id),
            f"{each.as_of:%Y-%m-%d %H:%M:%S}",
            each.policy_version,
            each.score or "unknown",
            each.risk_level or "",
            each.direction or "",
            each.main_category or "",
            "published" if each.published else "",
        )
    stdout.print(table)


def cancel(run: RunArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Ask a scoring run to end at its next step; nothing of it is published.

    Example: aml cancel 3
    """
    with record(configure(home)) as postgres:
        cancel_run(postgres, run)
        with postgres.transaction() as connection:
            found = one_run(connection, run)
    if as_json:
        print_json(found)
    elif found.status == "cancelled":
        stderr.print(f"Scoring run {run} is cancelled.")
    else:
        stderr.print(f"Scoring run {run} ends at its next step.")


def _changes(changes: list[ScoreChange], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("wallet", overflow="fold")
    for column in ("old", "new", "change", "transfers", "labels", "policy", "engine"):
        table.add_column(column, justify="right")
    for each in changes:
        parts = each.parts
        table.add_row(
            each.wallet.address,
            each.old or "unknown",
            each.new or "unknown",
            each.change,
            *(parts.transfers, parts.labels, parts.policy, parts.engine),
        )
    return table


def _contributions(found: WalletDiff) -> Table:
    table = Table("direction", "category", "hop", title="Contributions", title_justify="left")
    for column in ("share before", "after", "points before", "after"):
        table.add_column(column, justify="right")
    for part in found.contributions:
        shares = ("" if share is None else f"{share:.9f}" for share in (part.share_before, part.share_after))
        points = (part.points_before or "", part.points_after or "")
        table.add_row(part.direction, part.category, str(part.hop), *shares, *points)
    return table
