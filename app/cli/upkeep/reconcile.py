"""The command that compares the graph with the record, and repairs the graph."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    load_settings,
    open_graph,
    open_record,
    print_json,
    stderr,
    stdout,
    step_progress,
)
from app.errors import Unequal
from app.operations.reconcile import reconcile as compare
from app.operations.reconciliation_answer import Reconciliation
from app.projection.differences import Difference


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command(rich_help_panel="Record and graph")(reconcile)


def reconcile(
    home: HomeOption = DEFAULT_HOME,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair the graph from the record, and compare again.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare the graph with the record: counts, sums by asset, a digest of every range, labels, links.

    Prints `equal`, or the differences and ends with exit code 1.

    Example: aml reconcile --repair
    """
    settings = load_settings(home)
    with (
        open_record(settings) as postgres,
        open_graph(settings) as graph,
        step_progress("comparing") as progress,
    ):
        report = compare(postgres, graph, progress, repair=repair)
    if as_json:
        print_json(report)
    else:
        _show(report)
    if not report.equal:
        raise Unequal(
            "The record itself has broken links: restore it from a backup, or build a new one from the topic."
            if report.broken_references
            else "The graph differs from the record. Repair it with `aml reconcile --repair`."
        )


def _show(report: Reconciliation) -> None:
    if report.first_differences:
        stdout.print(_differences(report))
    for broken in report.broken_references:
        stdout.print(
            f"{broken.rows} of {broken.table}.{broken.column} name no row of {broken.refers_to}: "
            f"{', '.join(broken.examples)}",
            highlight=False,
        )
    if report.label_comparison != "compared":
        stderr.print(
            f"labels: {report.label_comparison}; the next scoring run writes them again", highlight=False
        )
    table = Table("", "record", "graph", title="after the repair" if report.repair else None)
    table.add_row("transfers", str(report.record_content.transfers), str(report.graph_content.transfers))
    table.add_row("wallets", str(report.record_content.wallets), str(report.graph_content.wallets))
    for asset in sorted(
        report.record_content.asset_amounts.keys() | report.graph_content.asset_amounts.keys()
    ):
        sums = (
            content.asset_amounts.get(asset, "0") for content in (report.record_content, report.graph_content)
        )
        table.add_row(asset, *sums)
    table.add_row("digest", report.record_content.digest, report.graph_content.digest)
    stdout.print(table)
    foreign = report.foreign
    if foreign.examples:
        stdout.print(
            f"Added by other hands, read by no answer: {foreign.nodes} nodes, {foreign.edges} edges, labels "
            f"or properties of {foreign.wallets} wallets ({', '.join(foreign.examples)}).",
            markup=False,
            highlight=False,
        )
    if report.equal:
        stdout.print(f"equal, in {report.seconds:.1f} s", highlight=False)


def _differences(report: Reconciliation) -> Table:
    limit = (
        f", the first {len(report.first_differences)}"
        if report.differences > len(report.first_differences)
        else ""
    )
    table = Table("", "number", "name", "", title=f"{report.differences} differences{limit}")
    table.add_column("property: record, graph", overflow="fold")
    for each in report.first_differences:
        number = "" if each.number is None else str(each.number)
        table.add_row(each.kind, number, each.name, each.nature, _properties(each))
    return table


def _properties(difference: Difference) -> str:
    return "\n".join(
        f"{each.property}: {each.in_record or 'none'}, {each.in_graph or 'none'}"
        for each in difference.properties
    )
