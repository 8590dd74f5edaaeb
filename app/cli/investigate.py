"""The command that follows money in the graph by numbered questions."""

import json
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
from app.investigation.answers import QuestionAnswer
from app.investigation.asking import answer, read_wallets
from app.investigation.browser import parameters_text
from app.investigation.listing import listed
from app.investigation.questions import Question, complete, question, questions
from app.web.numbers import cell, short

DEFAULT_CHAIN = "ethereum"


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(rich_help_panel="Scores and reasons")(investigate)


def investigate(
    number: Annotated[
        str | None, typer.Argument(help="Number or name of a question; without it, all are listed.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    wallet: Annotated[str | None, typer.Option(help="An address, or chain:address.")] = None,
    other: Annotated[str | None, typer.Option(help="The other wallet, where a question has two.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--set", help="Another parameter, as name=value; may be repeated.")
    ] = None,
    through_labels: Annotated[
        bool, typer.Option("--through-labels", help="Paths go on through labelled wallets.")
    ] = False,
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
    about = question(number)
    values = dict(map(_pair, parameter or [])) | ({"through_labels": True} if through_labels else {})
    if not about.is_of_wallet and "chain" in about.query.params:
        values.setdefault("chain", DEFAULT_CHAIN)
    settings = load_settings(home)
    with open_record(settings) as postgres, postgres.transaction() as connection:
        parameters = read_wallets(connection, about, values, wallet=wallet, other=other)
    if as_query:
        text = f"// {about.query.purpose}\n{about.query.text}"
        stdout.print(Text(f"{parameters_text(complete(about, parameters))}\n\n{text}"), soft_wrap=True)
        return
    with open_graph(settings) as graph:
        found = answer(graph, about, parameters, timeout_seconds=seconds)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        stdout.print(_table(found))
        stdout.print(Text(found.summary))


def _list(*, as_json: bool) -> None:
    if as_json:
        print_json(listed().model_dump(mode="json")["questions"])
        return
    table = Table("", "question", "parameters", title="aml investigate NUMBER …", title_justify="left")
    for each in questions():
        table.add_row(each.number, each.query.purpose, _options(each))
    stdout.print(table)


def _options(each: Question) -> str:
    required = [one.name for one in each.parameters().values() if one.is_required and one.name != "chain"]
    options = [f"--{name} …" if name in ("wallet", "other") else f"--set {name}=…" for name in required]
    defaults = ", ".join(f"{name}={json.dumps(value)}" for name, value in each.defaults().items())
    return f"{' '.join(options)}\n{defaults}".strip()


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput(f"--set {text} is not like --set hop_limit=6.")
    return name.strip(), value


def _table(found: QuestionAnswer) -> Table:
    has_transfers = any(finding.transfers for finding in found.findings)
    table = Table(
        *found.columns,
        *(["transfers"] if has_transfers else []),
        title=f"{found.question_number} {found.question}",
        title_justify="left",
    )
    for each in found.findings:
        path = " → ".join(short(step.transaction_hash) for step in each.transfers)
        cells = [Text(cell(each.values[name])) for name in found.columns]
        table.add_row(*cells, *([Text(path)] if has_transfers else []))
    return table
