"""Commands for following money in the graph by numbered questions."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.present import short
from app.cli.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    configure,
    graph_of,
    print_json,
    record,
    stdout,
)
from app.errors import InvalidInput
from app.investigation.browser import parameters_text
from app.investigation.questions import Finding, Question, ask, complete, question, questions
from app.record.wallets import find_wallet
from app.runs.queries import published_run
from app.stores.postgres import Postgres


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command()(investigate)


def investigate(
    number: Annotated[str | None, typer.Argument(help="A question's number; none lists them.")] = None,
    home: HomeOption = DEFAULT_HOME,
    wallet: Annotated[str | None, typer.Option(help="An address, or chain:address.")] = None,
    other: Annotated[str | None, typer.Option(help="The other wallet, where a question has two.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--set", help="Another parameter, as name=value; may be repeated.")
    ] = None,
    as_query: Annotated[
        bool, typer.Option("--query", help="Do not ask: print what to paste into Neo4j Browser.")
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
    asked = question(number)
    configured = configure(home)
    with record(configured) as postgres:
        given = _wallets(postgres, asked, wallet, other) | dict(map(_pair, parameter or []))
    if as_query:
        text = f"// {asked.query.question}\n{asked.query.text}"
        stdout.print(Text(f"{parameters_text(complete(asked, given))}\n\n{text}"), soft_wrap=True)
        return
    with graph_of(configured) as graph:
        found = ask(graph, asked, given, timeout_seconds=seconds)
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        stdout.print(_table(asked, found))


def _list(*, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "number": each.number,
                    "question": each.query.question,
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
        needed = sorted(each.query.params - {"chain"} - each.defaults().keys())
        defaults = ", ".join(f"{name}={value}" for name, value in each.defaults().items())
        options = " ".join(f"--{name} …" for name in reversed(needed))
        table.add_row(each.number, each.query.question, f"{options}\n{defaults}")
    stdout.print(table)


def _wallets(postgres: Postgres, asked: Question, wallet: str | None, other: str | None) -> dict[str, Any]:
    """The wallets as the graph knows them; 09 also looks at what came after the published run."""
    if wallet is None:
        raise InvalidInput(f"Question {asked.number} is about a wallet: name it with --wallet.")
    with postgres.transaction() as connection:
        found = find_wallet(connection, wallet)
        given: dict[str, Any] = {"chain": found.chain, "wallet": found.address}
        if other is not None:
            given["other"] = find_wallet(connection, other).address
        if "watermark" in asked.query.params and (run := published_run(connection)) is not None:
            given["watermark"] = run.watermark
    return given


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput(f"--set {text} is not like --set hop_limit=6.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _table(asked: Question, found: list[Finding]) -> Table:
    columns = [name for name in asked.query.returns if name != "path"]
    table = Table(*columns, "transfers", title=f"{asked.number} {asked.query.question}", title_justify="left")
    for finding in found:
        way = " → ".join(short(step.transaction_hash) for step in finding.transfers)
        table.add_row(*(_cell(finding.columns[name]) for name in columns), way)
    return table


def _cell(value: Any) -> str:  # noqa: ANN401 - one column of any type
    return f"{value:.9g}" if isinstance(value, float) else "" if value is None else str(value)
