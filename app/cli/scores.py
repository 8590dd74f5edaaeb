"""Commands for scores: run, list, explain, report, export, and the graph they are explained from."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer
from rich.table import Table
from sqlalchemy import Connection

from app.cli.instance import opened_stores
from app.cli.labels import export_labels
from app.cli.output.present import explanation_parts, top_table, unrated_sentence
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
    step_progress,
    writing,
)
from app.cli.upkeep.record_files import write_record
from app.errors import InvalidInput
from app.explain.explain import explain as explain_wallet
from app.explain.export import EXPORT_COLUMNS, SCORE_COLUMNS, exposure_rows, score_rows
from app.operations.reload import reload_graph as rebuild
from app.operations.runs import score as run_once
from app.operations.runs import spark_options
from app.policy.conditions import Level
from app.report.forms import ReportForm, rendered_report
from app.report.wallet_report import wallet_report
from app.runs.board.filters import Order, ScoreFilter, Sort
from app.runs.board.listing import every_score, top_scores
from app.runs.board.table import score_table
from app.runs.board.unrated import unrated_answer
from app.runs.compute import EngineChoice
from app.runs.listing import one_run
from app.runs.queries import completed_run
from app.settings import Settings
from app.spark.pays import spark_pays_from

REPORTED_ROWS = 10_000
RunOption = Annotated[
    int | None, typer.Option(help="Number of a scoring run; without it, the published one.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (score, top, explain, report):
        app.command(rich_help_panel="Scores and reasons")(command)
    app.command("reload-graph", rich_help_panel="Record and graph")(reload_graph)
    exports = typer.Typer(
        help="Write the results of a run, the labels, or the whole record into files.",
        epilog="Example: aml export exposures exposures.csv",
        no_args_is_help=True,
    )
    exports.command("exposures")(export_exposures)
    exports.command("scores")(export_scores)
    exports.command("labels")(export_labels)
    exports.command("record")(write_record)
    app.add_typer(exports, name="export", rich_help_panel="Scores and reasons")


def score(
    home: HomeOption = DEFAULT_HOME,
    engine: Annotated[
        EngineChoice | None,
        typer.Option(help="auto takes cypher where there are few paths, and ledger else; never spark."),
    ] = None,
    master: Annotated[
        str | None,
        typer.Option(help="With spark: spark://HOST:PORT, yarn or k8s://…; without it, this machine."),
    ] = None,
    folder: Annotated[
        str | None,
        typer.Option(help="With --master: a folder or URL that all machines of the cluster reach."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score every wallet in a new run, and publish the run.

    Example: aml score --engine ledger

    Example: aml score --engine spark --master spark://10.0.0.5:7077 --folder /mnt/shared
    """
    settings = load_settings(home)
    if (engine or settings.engine) != "spark" and (master is not None or folder is not None):
        raise InvalidInput("--master and --folder are of the engine spark: add --engine spark.")
    spark = spark_options(settings)
    spark = replace(spark, master=master or spark.master, folder=folder or spark.folder)
    with (
        open_record(settings) as postgres,
        open_graph(settings) as graph,
        step_progress("scoring") as progress,
    ):
        run_id = run_once(postgres, graph, settings, engine, progress, spark=spark)
        with postgres.transaction() as connection:
            run = one_run(connection, run_id)
    if as_json:
        print_json(
            {
                "run_id": run_id,
                "engine": run.engine,
                "engine_reason": run.engine_reason,
                "spark_pays_from_transfers": spark_pays_from(),
            }
        )
    else:
        stderr.print(
            f"Scoring run {run_id} is published. The {run.engine} engine answered ({run.engine_reason}). "
            "Look at it with `aml top`."
        )
        stderr.print(
            f"It has {run.transfers or 0:,} transfers; the engine spark would pay from about "
            f"{spark_pays_from():,} on, where a run no longer fits this machine's memory (docs/sizing.md).",
            highlight=False,
            soft_wrap=True,
        )


def top(
    home: HomeOption = DEFAULT_HOME,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many wallets.")] = 10,
    run: RunOption = None,
    level: Annotated[Level | None, typer.Option(help="Only wallets of this risk level.")] = None,
    category: Annotated[
        str | None, typer.Option(help="Only wallets whose label, money or fired rule has this category.")
    ] = None,
    flag: Annotated[str | None, typer.Option(help="Only wallets with this flag, at any amount.")] = None,
    chain: Annotated[str | None, typer.Option(help="Only wallets on this chain.")] = None,
    asset: Annotated[str | None, typer.Option(help="Only wallets that moved this asset.")] = None,
    crime_usd: Annotated[
        float | None, typer.Option(min=0, help="Only with so much money from and to crime, in USD.")
    ] = None,
    sort: Annotated[
        Sort, typer.Option(help="What the list is sorted by; levels: unrated above low.")
    ] = "score",
    order: Annotated[Order, typer.Option(help="The highest first, or the lowest.")] = "desc",
    out: Annotated[
        Path | None, typer.Option(help="Write all wallets that match, without a limit, to this CSV file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the wallets of the published run: those with the highest scores, or by another order and filter.

    Example: aml top --sort risk_level --flag sanctions_contact
    """
    only = ScoreFilter(
        level=level,
        category=category,
        flag=flag,
        chain=chain,
        asset=asset,
        crime_usd=None if crime_usd is None else Decimal(str(crime_usd)),
    )
    with open_record(load_settings(home)) as postgres, postgres.transaction(snapshot=True) as connection:
        if out is not None:
            with writing(out), out.open("w", encoding="utf-8") as file:
                file.writelines(score_table(every_score(connection, run, only, sort, order)))
            stderr.print(f"The list is in {out}.", soft_wrap=True)
            return
        page = top_scores(connection, limit, None, run_id=run, only=only, sort=sort, order=order)
        unrated = unrated_answer(connection, completed_run(connection, page.run.run_id))
    if as_json:
        print_json(page)
    else:
        stdout.print(top_table(page))
        if unrated is not None and unrated.wallets:
            stdout.print(unrated_sentence(unrated), highlight=False)


def explain(
    wallet: Annotated[str, typer.Argument(help="An address, or chain:address.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Explain a wallet's score: contributions that add up to it, and the paths behind them.

    Example: aml explain ethereum:0x00…aa --json
    """
    settings = load_settings(home)
    with open_record(settings) as postgres, open_graph(settings) as graph:
        explanation = explain_wallet(postgres, graph, settings, wallet)
    if as_json:
        print_json(explanation)
    else:
        for part in explanation_parts(explanation):
            stdout.print(part)


def report(
    wallet: Annotated[str, typer.Argument(help="An address, or chain:address.")],
    out: Annotated[Path, typer.Option(help="File to write, named .pdf, .json or .csv for its form.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Write a wallet's evidence report: score, arithmetic, paths with hashes, labels, run and digests.

    Example: aml report 0x00…aa --out evidence.pdf
    """
    form = out.suffix.removeprefix(".").lower()
    if form not in get_args(ReportForm):
        raise InvalidInput(f"{out} ends in none of .pdf, .json and .csv: its name decides the form.")
    settings = load_settings(home)
    with open_record(settings) as postgres, open_graph(settings) as graph:
        evidence = wallet_report(postgres, graph, settings, wallet, made_by=_user())
    _, body = rendered_report(evidence, cast("ReportForm", form))
    with writing(out):
        out.write_bytes(body)
    if as_json:
        print_json({"run_id": evidence.run.run_id, "file": str(out)})
    else:
        stderr.print(f"The report of run {evidence.run.run_id} is in {out}.", soft_wrap=True)


def _user() -> str:
    try:
        return f"{getuser()}, on the command line"
    except (KeyError, OSError):  # a user without a name
        return "the command line"


def reload_graph(
    home: HomeOption = DEFAULT_HOME,
    from_empty: Annotated[
        bool, typer.Option("--wipe", help="Empty the graph first, even if it belongs to another record.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Rebuild the graph from the record while the old one still answers, and prove that both are equal.

    With --wipe it works whatever state the graph is in, also in a stopped instance: Neo4j's own files are set
    aside and made anew where they cannot be opened.

    Example: aml reload-graph
    """
    if from_empty:
        with opened_stores(home) as settings:
            _reload(settings, from_empty=True, as_json=as_json)
        return
    _reload(load_settings(home), from_empty=False, as_json=as_json)


def _reload(settings: Settings, *, from_empty: bool, as_json: bool) -> None:
    with (
        open_record(settings) as postgres,
        open_graph(settings) as graph,
        step_progress("reloading") as progress,
    ):
        report = rebuild(postgres, graph, progress, from_empty=from_empty)
    if as_json:
        print_json(asdict(report))
    else:
        table = Table("", "record", "graph", title=f"{report.transfers} transfers, {report.wallets} wallets")
        table.add_row("digest", report.record_digest, report.graph_digest)
        stdout.print(table)


def export_exposures(
    file: Annotated[Path, typer.Argument(help="CSV file to write.")],
    home: HomeOption = DEFAULT_HOME,
    run: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write every exposure and residual of a run: amounts in base units, shares of the wallet's total.

    Example: aml export exposures exposures.csv --run 3
    """
    _export(file, home, run, EXPORT_COLUMNS, exposure_rows, as_json=as_json)


def export_scores(
    file: Annotated[Path, typer.Argument(help="CSV file to write.")],
    home: HomeOption = DEFAULT_HOME,
    run: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write every wallet of a run with its score, level, flags, rules, sums in USD and coverage.

    Example: aml export scores scores.csv --run 3
    """
    _export(file, home, run, SCORE_COLUMNS, score_rows, as_json=as_json)


def _export(
    file: Path,
    home: Path,
    run: int | None,
    columns: Sequence[str],
    rows_of: Callable[[Connection, int | None], Iterator[tuple[Any, ...]]],
    *,
    as_json: bool,
) -> None:
    rows = 0
    with (
        open_record(load_settings(home)) as postgres,
        postgres.transaction() as connection,
        count_progress("writing rows") as progress,
        writing(file),
        file.open("w") as out,
    ):
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        for rows, row in enumerate(rows_of(connection, run), start=1):
            writer.writerow(row)
            if rows % REPORTED_ROWS == 0:
                progress(rows)
    if as_json:
        print_json({"rows": rows, "file": str(file)})
    else:
        stderr.print(f"{rows:,} rows in {file}.", soft_wrap=True)
