"""The command that follows money in the graph by numbered questions."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    load_settings,
    open_graph,
    open_record,
    print_json,
    stdout,
)
from app.errors import InvalidInput
from app.investigation.browser import parameters_text
from app.investigation.questions import Finding, Question, ask, complete, question, questions
from app.record.wallets import find_wallet
from app.runs.queries import published_run
from app.stores.postgres import Postgres
from app.web.numbers import short


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(rich_help_panel="Scores and reasons")(investigate)


def investigate(
    number: Annotated[
        str | None, typer.Argument(help="Number of a question; without it, all are listed.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    wallet: Annotated[str | None, typer.Option(help="An address, or chain:address.")] = None,
    other: Annotated[str | None, typer.Option(help="The other wallet, where a question has two.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--set", help="Another parameter, as name=value; may be repeated.")
    ] = None,
    as_query: Annotated[
        bool, typer.Option("--query", help="Do not ask: print the query for Neo4j Browser.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Time limit of the question.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Ask the graph one of the numbered questions, such as where a wallet's money came from.

    Example: aml investigate 03 --wallet 0x00…aa --other 0x00…bb --set hop_limit=6
    """
    if number is None:
        _list(as_json=as_json)
        return
    numbered = question(number)
    settings = load_settings(home)
    with open_record(settings) as postgres:
        parameters = _wallets(postgres, numbered, wallet, other) | dict(map(_pair, parameter or []))
    if as_query:
        text = f"// {numbered.query.purpose}\n{numbered.query.text}"
        stdout.print(Text(f"{parameters_text(complete(numbered, parameters))}\n\n{text}"), soft_wrap=True)
        return
    with open_graph(settings) as graph:
        findings = ask(graph, numbered, parameters, timeout_seconds=seconds)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        stdout.print(_table(numbered, findings))


def _list(*, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "number": each.number,
                    "question": each.query.purpose,
                    "parameters": sorted(each.query.params),
                }
                for each in questions()
            ]
        )
        return
    table = Table(
        "", "question", "parameters", title="aml investigate NUMBER --wallet …", title_justify="left"
    )
    for each in questions():
        required = sorted(each.query.params - {"chain"} - each.defaults().keys())
        defaults = ", ".join(f"{name}={value}" for name, value in each.defaults().items())
        options = " ".join(f"--{name} …" for name in reversed(required))
        table.add_row(each.number, each.query.purpose, f"{options}\n{defaults}")
    stdout.print(table)


def _wallets(postgres: Postgres, numbered: Question, wallet: str | None, other: str | None) -> dict[str, Any]:
    """The wallets as parameters, and the published run's watermark where the question uses it."""
    if wallet is None:
        raise InvalidInput(f"Question {numbered.number} is about a wallet: name one with --wallet.")
    with postgres.transaction() as connection:
        row = find_wallet(connection, wallet)
        parameters: dict[str, Any] = {"chain": row.chain, "wallet": row.address}
        if other is not None:
            parameters["other"] = find_wallet(connection, other).address
        if "watermark" in numbered.query.params and (run := published_run(connection)) is not None:
            parameters["watermark"] = run.watermark
    return parameters


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput(f"--set {text} is not like --set hop_limit=6.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _table(numbered: Question, findings: list[Finding]) -> Table:
    columns = [name for name in numbered.query.returns if name != "path"]
    table = Table(
        *columns, "transfers", title=f"{numbered.number} {numbered.query.purpose}", title_justify="left"
    )
    for finding in findings:
        path = " → ".join(short(step.transaction_hash) for step in finding.transfers)
        table.add_row(*(_cell(finding.columns[name]) for name in columns), path)
    return table


def _cell(value: Any) -> str:  # noqa: ANN401 - one column of any type
    return f"{value:.9g}" if isinstance(value, float) else "" if value is None else str(value)
