"""The command that deletes the results of old runs, after showing them."""

from typing import Annotated

import typer
from rich.table import Table

from app.answers.runs import Pruning
from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    load_settings,
    open_record,
    print_json,
    stderr,
    step_progress,
)
from app.errors import Cancelled
from app.runs.results.prune import KEEP, YOUNGER_THAN_DAYS, Kept, planned
from app.runs.results.prune import prune as prune_runs
from app.screening.store import count_old, prune_all


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(rich_help_panel="Runs")(prune)


def prune(
    home: HomeOption = DEFAULT_HOME,
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest runs are kept.")] = KEEP,
    younger_than_days: Annotated[
        int, typer.Option(min=0, help="Runs of the last so many days are kept.")
    ] = YOUNGER_THAN_DAYS,
    monthly: Annotated[bool, typer.Option(help="The first run of each month is kept.")] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete the results of old runs, after showing which; the published run keeps its own.

    What each run read and its digests stay: `aml verify` computes a pruned run again. Screenings older than
    AML_SCREENING_RETENTION_DAYS go too.

    Example: aml prune --keep 10 --younger-than-days 7
    """
    kept = Kept(keep, younger_than_days, monthly)
    settings = load_settings(home)
    days = settings.screening_retention_days
    with open_record(settings) as postgres:
        with postgres.transaction(snapshot=True) as connection:
            old = count_old(connection, days)
            plan = planned(connection, kept).model_copy(update={"screenings": old})
        stderr.print(_table(plan))
        if not (plan.runs or plan.rows or old):
            pruning = plan
        elif yes or typer.confirm("Delete these results?", err=True):
            with step_progress("pruning") as progress:
                pruning = prune_runs(postgres, kept, progress)
                deleted = prune_all(postgres, days)
                pruning = pruning.model_copy(update={"screenings": deleted})
        else:
            raise Cancelled("Nothing was deleted.")
    if as_json:
        print_json(pruning)
    else:
        stderr.print(
            f"Deleted {pruning.rows} results of {len(pruning.runs)} runs, {pruning.screenings} screenings.",
            highlight=False,
        )


def _table(plan: Pruning) -> Table:
    title = (
        f"{len(plan.runs)} runs, {plan.rows} results that no other run has, {plan.bytes / 1e6:.1f} MB; "
        f"{plan.screenings} screenings"
    )
    table = Table("run", "completed", "policy", title=title, title_justify="left")
    table.add_column("wallets", justify="right")
    for run in plan.runs:
        wallets = "" if run.wallets is None else str(run.wallets)
        table.add_row(str(run.run_id), f"{run.completed_at:%Y-%m-%d %H:%M}", run.policy_version, wallets)
    return table
