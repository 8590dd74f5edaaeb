"""Commands for alerts: list, show, review, close."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from app.alerts.listing import AlertFilter, change_alert, list_alerts, read_alert_detail
from app.answers.names import AlertOutcome, AlertStatus
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
)

# As in app.answers.names, whose aliases typer does not look into.
Status = Literal["open", "in_review", "closed"]
Outcome = Literal["confirmed", "false_positive", "no_action"]
AlertArgument = Annotated[int, typer.Argument(min=1, help="The number of the alert.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    alerts = typer.Typer(
        help="What somebody should look at, by the policy's alert rules.",
        epilog="Example: aml alerts list",
        no_args_is_help=True,
    )
    for name, command in (("list", list_), ("show", show), ("review", review), ("close", close)):
        alerts.command(name)(command)
    app.add_typer(alerts, name="alerts", rich_help_panel="Watching")


def list_(
    home: HomeOption = DEFAULT_HOME,
    status: Annotated[Status | None, typer.Option(help="Only alerts in this state.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only alerts of this rule.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many alerts.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List alerts, newest first.

    Example: aml alerts list --status open
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction(snapshot=True) as connection:
        only = AlertFilter(status=status, rule=rule)
        answer = list_alerts(connection, limit, None, only, with_total=True)
    if as_json:
        print_json(answer)
        return
    table = Table("alert", "wallet", "rule", "state", "level", "causes", "last seen", "")
    for each in answer.alerts:
        cells = (
            str(each.alert_id),
            str(each.wallet),
            each.rule,
            each.outcome or each.status,
            each.risk_level or "",
            str(each.causes),
            f"{each.last_seen_at:%Y-%m-%d %H:%M}",
            "retrospective" if each.retrospective else "",
        )
        table.add_row(*(Text(legible(cell), overflow="fold") for cell in cells))
    stdout.print(table)
    stderr.print(f"{len(answer.alerts)} of {answer.total} alerts.")


def show(alert_id: AlertArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show an alert with its causes.

    Example: aml alerts show 7
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction(snapshot=True) as connection:
        alert = read_alert_detail(connection, alert_id)
    if as_json:
        print_json(alert)
        return
    stdout.print(legible(f"{alert.wallet}: {alert.sentence} ({alert.outcome or alert.status})"), markup=False)
    table = Table("when", "cause", "by", "")
    for each in alert.listed_causes:
        by = f"run {each.run_id}" if each.run_id else f"screening {each.screening_id}"
        later = "retrospective" if each.retrospective else ""
        cells = (f"{each.recorded_at:%Y-%m-%d %H:%M:%S}", each.detail, by, later)
        table.add_row(*(Text(legible(cell), overflow="fold") for cell in cells))
    stdout.print(table)


def review(
    alert_id: AlertArgument,
    home: HomeOption = DEFAULT_HOME,
    note: Annotated[str | None, typer.Option(help="What was found.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Set an alert in review; also opens a closed one again.

    Example: aml alerts review 7
    """
    _change(alert_id, home, "in_review", None, note, as_json=as_json)


def close(
    alert_id: AlertArgument,
    outcome: Annotated[Outcome, typer.Option(help="What became of it.")],
    home: HomeOption = DEFAULT_HOME,
    note: Annotated[str | None, typer.Option(help="What was found.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Close an alert with its outcome.

    Example: aml alerts close 7 --outcome false_positive --note "Our own wallet"
    """
    _change(alert_id, home, "closed", outcome, note, as_json=as_json)


def _change(
    alert_id: int,
    home: Path,
    status: AlertStatus,
    outcome: AlertOutcome | None,
    note: str | None,
    *,
    as_json: bool,
) -> None:
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        alert = change_alert(connection, alert_id, status, outcome, note)
    if as_json:
        print_json(alert)
        return
    stderr.print(f"Alert {alert.alert_id} is {(alert.outcome or alert.status).replace('_', ' ')}.")
