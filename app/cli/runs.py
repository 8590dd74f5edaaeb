"""Commands for scoring runs: verify one, compare two, cancel one, list a wallet's scores by run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.answers.comparisons import RunDiff, ScoreChange, WalletDiff
from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    load_settings,
    open_record,
    print_json,
    stderr,
    stdout,
    step_progress,
)
from app.errors import InvalidInput, Unequal
from app.policy.conditions import Level
from app.record.wallets import find_wallet
from app.runs.cancel import cancel_run
from app.runs.history import history as history_of
from app.runs.listing import one_run

RunArgument = Annotated[int, typer.Argument(min=1, help="Number of the run.", show_default=False)]
WalletArgument = Annotated[str, typer.Argument(help="An address, or chain:address.")]
LimitOption = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]
CursorOption = Annotated[
    str | None, typer.Option(help="Where the list continues: `next` of the previous page's --json.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (verify, diff, history, cancel):
        app.command(rich_help_panel="Runs")(command)


def verify(
    run: Annotated[int | None, typer.Argument(min=1, help="Number of the run.", show_default=False)] = None,
    home: HomeOption = DEFAULT_HOME,
    screening: Annotated[
        int | None, typer.Option(min=1, help="Number of a screening, instead of a run.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compute a past run, or a screening, again from the record, and compare it with what was stored.

    Prints `equal`, or the first differences and ends with exit code 1.

    Example: aml verify 3

    Example: aml verify --screening 17
    """
    if (run is None) == (screening is None):
        raise InvalidInput("Name a run, or a screening with --screening.")
    if screening is not None:
        _verify_screening(screening, home, as_json=as_json)
        return
    assert run is not None  # noqa: S101 - one of the two is named
    from app.verify.verify import verify_run  # noqa: PLC0415 - loads a compiler

    with open_record(load_settings(home)) as postgres, step_progress("verifying") as progress:
        verification = verify_run(postgres, run, progress)
    if as_json:
        print_json(verification)
    else:
        for note in verification.notes:
            stderr.print(note, highlight=False, soft_wrap=True)
        if verification.equal:
            stdout.print(
                f"equal: run {run}, {verification.transfers} transfers, {verification.exposures} exposures "
                f"and {verification.scores} scores computed again",
                highlight=False,
            )
    if not verification.equal:
        details = "\n".join(difference.detail for difference in verification.differences)
        raise Unequal(f"Run {run} differs from what the record gives.\n{details}")


def _verify_screening(screening_id: int, home: Path, *, as_json: bool) -> None:
    from app.screening.screen import Screener  # noqa: PLC0415 - loads a compiler

    settings = load_settings(home)
    with open_record(settings) as postgres, stderr.status("Computing the screening again"):
        verification = Screener(postgres, None, settings).verify(screening_id)
    if as_json:
        print_json(verification)
    elif verification.equal:
        stdout.print(f"equal: screening {screening_id}", *verification.notes, highlight=False)
    if not verification.equal:
        details = "\n".join(
            f"{one.field}: recorded {one.recorded}, computed {one.computed}"
            for one in verification.differences
        )
        raise Unequal(f"Screening {screening_id} differs from what the record gives.\n{details}")


def diff(
    run_a: RunArgument,
    run_b: RunArgument,
    wallet: Annotated[str | None, typer.Argument(help="Only this wallet: address or chain:address.")] = None,
    home: HomeOption = DEFAULT_HOME,
    risk_level_before: Annotated[
        Level | None, typer.Option(help="Only wallets that had this level in the first run.")
    ] = None,
    risk_level_after: Annotated[
        Level | None, typer.Option(help="Only wallets that have this level in the second run.")
    ] = None,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the wallets whose score or level changed between two runs, biggest change first, and why.

    The parts from transfers, prices, labels, policy and engine add up to the change.

    Example: aml diff 2 3
    """
    from app.verify.diff_lists import run_diff, wallet_diff  # noqa: PLC0415 - loads a compiler

    with open_record(load_settings(home)) as postgres, stderr.status("Comparing the runs"):
        difference = (
            run_diff(
                postgres,
                run_a,
                run_b,
                limit,
                cursor,
                risk_level_before=risk_level_before,
                risk_level_after=risk_level_after,
            )
            if wallet is None
            else wallet_diff(postgres, run_a, run_b, wallet)
        )
    if as_json:
        print_json(difference)
    elif isinstance(difference, RunDiff):
        stdout.print(
            _changes(
                difference.changes, f"{difference.changed} wallets changed, {difference.total} of them listed"
            )
        )
    else:
        stdout.print(_changes([difference.score_change], "one wallet"))
        stdout.print(_contributions(difference))


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
    with open_record(load_settings(home)) as postgres, postgres.transaction(snapshot=True) as connection:
        page = history_of(connection, find_wallet(connection, wallet), limit, cursor)
    if as_json:
        print_json(page)
        return
    table = Table("run", "as of", "policy", title=f"{page.wallet.chain}:{page.wallet.address}")
    table.add_column("score", justify="right")
    for column in ("level", "direction", "main category", ""):
        table.add_column(column)
    for each in page.scores:
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
    """Cancel a scoring run: it ends at its next step, and nothing of it is published.

    Example: aml cancel 3
    """
    with open_record(load_settings(home)) as postgres:
        cancel_run(postgres, run)
        with postgres.transaction() as connection:
            current = one_run(connection, run)
    if as_json:
        print_json(current)
    elif current.status == "cancelled":
        stderr.print(f"Scoring run {run} is cancelled.")
    else:
        stderr.print(f"Scoring run {run} ends at its next step.")


def _changes(changes: list[ScoreChange], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("wallet", overflow="fold")
    table.add_column("level")
    for column in ("old", "new", "change", "transfers", "prices", "labels", "policy", "engine"):
        table.add_column(column, justify="right")
    for each in changes:
        parts = each.parts
        table.add_row(
            _who(each),
            f"{each.risk_level_before or 'unknown'} → {each.risk_level_after or 'unknown'}"
            if each.risk_level_before != each.risk_level_after
            else each.risk_level_after or "unknown",
            each.score_before or "unknown",
            each.score_after or "unknown",
            each.change,
            *(parts.by_transfers, parts.by_prices, parts.by_labels, parts.by_policy, parts.by_engine),
        )
    return table


def _who(each: ScoreChange) -> Text:
    """The wallet by name and address, whether it is new, and what decides its level now."""
    address = f"{each.wallet.address} (new)" if each.is_new else each.wallet.address
    lines = (each.wallet.name, address, each.reason_after)
    return Text("\n".join(line for line in lines if line))


def _contributions(difference: WalletDiff) -> Table:
    table = Table("direction", "category", "hop", title="Contributions", title_justify="left")
    for column in ("share before", "after", "points before", "after"):
        table.add_column(column, justify="right")
    for part in difference.contributions:
        shares = ("" if share is None else f"{share:.9f}" for share in (part.share_before, part.share_after))
        points = (part.points_before or "", part.points_after or "")
        table.add_row(part.direction, part.category, str(part.hop), *shares, *points)
    return table
