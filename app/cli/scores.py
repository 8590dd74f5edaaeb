"""Commands about scores: run, list, explain, export, and the graph they are explained from."""

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, cast, get_args

import typer
from rich.table import Table

from app.cli.present import explanation_tables, top_table
from app.cli.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    configure,
    graph_of,
    print_json,
    record,
    stderr,
    stdout,
    steps,
)
from app.errors import InvalidInput
from app.explain.explain import explain as explain_wallet
from app.explain.export import EXPORT_COLUMNS, exposure_rows
from app.operations.reload import reload_graph as rebuild
from app.operations.runs import score as run_once
from app.policy.policy import load_policy
from app.report.forms import ReportForm, rendered_report
from app.report.wallet_report import wallet_report
from app.runs.compute import EngineChoice
from app.runs.listing import top_scores


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(score)
    app.command()(top)
    app.command()(explain)
    app.command()(report)
    app.command("reload-graph")(reload_graph)
    exports = typer.Typer(help="Write what a run has found into files.", no_args_is_help=True)
    exports.command("exposures")(export_exposures)
    app.add_typer(exports, name="export")
    policy = typer.Typer(help="The file that scores depend on.", no_args_is_help=True)
    policy.command("check")(check_policy)
    app.add_typer(policy, name="policy")


def score(
    home: HomeOption = DEFAULT_HOME,
    engine: Annotated[
        EngineChoice | None, typer.Option(help="auto is cypher on small graphs, ledger above.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Carry out a scoring run and publish it.

    Example: aml score --engine ledger
    """
    configured = configure(home)
    with record(configured) as postgres, graph_of(configured) as graph, steps("scoring") as progress:
        run_id = run_once(postgres, graph, configured, engine, progress)
    if as_json:
        print_json({"run_id": run_id})
    else:
        stderr.print(f"Scoring run {run_id} is published. Look at it with `aml top`.")


def top(
    home: HomeOption = DEFAULT_HOME,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many wallets.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """List the wallets with the highest scores of the published run.

    Example: aml top --limit 20
    """
    with record(configure(home)) as postgres, postgres.transaction() as connection:
        found = top_scores(connection, limit, None)
    if as_json:
        print_json(found)
    else:
        stdout.print(top_table(found))


def explain(
    wallet: Annotated[str, typer.Argument(help="An address, or chain:address.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Explain a wallet's score: contributions that add up to it, and the paths behind them.

    Example: aml explain ethereum:0x00…aa --json
    """
    configured = configure(home)
    with record(configured) as postgres, graph_of(configured) as graph:
        explanation = explain_wallet(postgres, graph, configured, wallet)
    if as_json:
        print_json(explanation)
    else:
        for table in explanation_tables(explanation):
            stdout.print(table)


def report(
    wallet: Annotated[str, typer.Argument(help="An address, or chain:address.")],
    out: Annotated[Path, typer.Option(help="File to write; its ending says the form: .pdf, .json or .csv.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a wallet's evidence report: score, arithmetic, paths with hashes, labels, run and digests.

    Example: aml report 0x00…aa --out evidence.pdf
    """
    form = out.suffix.removeprefix(".").lower()
    if form not in get_args(ReportForm):
        raise InvalidInput(f"{out} ends in none of .pdf, .json and .csv, so the form is not known.")
    configured = configure(home)
    with record(configured) as postgres, graph_of(configured) as graph:
        made = wallet_report(postgres, graph, configured, wallet)
    _, body = rendered_report(made, cast("ReportForm", form))
    try:
        out.write_bytes(body)
    except OSError as exc:
        raise InvalidInput(f"{out} cannot be rendered_report: {exc.strerror}.") from exc
    stderr.print(f"The report of run {made.run.run_id} is in {out}.")


def reload_graph(
    home: HomeOption = DEFAULT_HOME,
    from_empty: Annotated[
        bool, typer.Option("--wipe", help="Empty the graph first, also one of another record.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Rebuild the graph from the record while the old one still answers, and prove that both are equal.

    Example: aml reload-graph
    """
    configured = configure(home)
    with record(configured) as postgres, graph_of(configured) as graph, steps("reloading") as progress:
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
    run: Annotated[int | None, typer.Option(help="Scoring run; the published one if not given.")] = None,
) -> None:
    """Write every exposure and residual of a run, amounts in base units, shares of the wallet's total.

    Example: aml export exposures exposures.csv --run 3
    """
    rows = 0
    with record(configure(home)) as postgres, postgres.transaction() as connection, file.open("w") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(EXPORT_COLUMNS)
        for row in exposure_rows(connection, run):
            writer.writerow(row)
            rows += 1
    stderr.print(f"{rows} rows in {file}.")


def check_policy(
    file: Annotated[Path, typer.Argument(help="The policy file.")] = Path("policy.yaml"),
    as_json: JsonOption = False,
) -> None:
    """Check a policy file; mistakes are explained by line.

    Example: aml policy check policy.yaml
    """
    policy = load_policy(file)
    answer = {"version": policy.version, "digest": policy.digest, "categories": len(policy.categories)}
    if as_json:
        print_json(answer)
    else:
        stderr.print(
            f"{file} is policy {policy.version} with {len(policy.categories)} categories: no mistakes."
        )
