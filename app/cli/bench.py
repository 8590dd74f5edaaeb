"""`aml bench`: the measurements behind the figures in the documents."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from app.cli.output.terminal import JsonOption, count_progress, print_json, stdout, writing
from app.errors import Unequal
from app.logs import configure_logging


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    bench = typer.Typer(
        help="Measure this machine, on embedded servers of its own.",
        epilog="Example: aml bench late",
        no_args_is_help=True,
    )
    loads = (ingest, reconcile, late, pages, scoring, explain, questions, screen, burst, auto, growth, sizes)
    for command in (*loads, faults, strangers, skill):
        bench.command()(command)
    bench.command("import")(import_files)
    app.add_typer(bench, name="bench", rich_help_panel="Measurements")


def sizes(
    transfers: Annotated[
        list[int] | None, typer.Option(help="A size; repeat it for each, rising.", show_default=False)
    ] = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="ledger or spark; repeat it for both.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the room and time of records of some sizes: stores, files, and runs by both engines.

    Example: aml bench sizes --transfers 100000 --transfers 1000000
    """
    from bench.sizes import ENGINES, SIZES, run  # noqa: PLC0415 - other commands start faster without it

    _measure(lambda: run(transfers or SIZES, engine or ENGINES), as_json=as_json)


def ingest(
    transfers: Annotated[int, typer.Option(min=1_500, help="How many transfers.")] = 20_000,
    rate: Annotated[int, typer.Option(min=1, max=100_000, help="Transfers a second for the latency.")] = 500,
    seconds: Annotated[
        int, typer.Option(min=0, max=3_600, help="How long at that rate; 0 skips the latency.")
    ] = 30,
    as_json: JsonOption = False,
) -> None:
    """Measure ingestion: the record alone, the graph alone, end to end from Kafka, and the latency.

    Servers run with Java's full compiler unless AML_FAST_START is set, and are warmed up first.

    Example: aml bench ingest --transfers 200000
    """
    from bench.ingest import run  # noqa: PLC0415 - other commands start faster without it

    _measure(lambda: run(transfers, rate=rate, seconds=seconds), as_json=as_json)


def burst(
    messages: Annotated[int, typer.Option(min=1_500, help="How many messages.")] = 1_000_000,
    huge: Annotated[int, typer.Option(min=0, max=900, help="Messages of 10 MB before them.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure the consumer's memory while it consumes a backlog.

    Example: aml bench burst --messages 1000000
    """
    from bench.burst import run  # noqa: PLC0415 - other commands start faster without it

    _measure(lambda: run(messages, huge=huge), as_json=as_json)


def import_files(
    lines: Annotated[int, typer.Option(min=1_500, help="Lines of an export of ethereum-etl.")] = 1_000_000,
    as_json: JsonOption = False,
) -> None:
    """Measure importing an export of ethereum-etl: memory, and its rate beside the consumer's.

    Example: aml bench import --lines 1000000
    """
    from bench.files import run  # noqa: PLC0415 - other commands start faster without it

    _measure(lambda: run(lines), as_json=as_json)


def growth(
    transfers: Annotated[
        list[int] | None,
        typer.Option(min=0, help="How many transfers both stores hold; repeat it for more sizes."),
    ] = None,
    sample: Annotated[int, typer.Option(min=500, help="Transfers that follow at each size.")] = 60_000,
    graph_up_to: Annotated[
        int, typer.Option(min=0, help="Above this size the record alone is measured.")
    ] = 10_000_000,
    as_json: JsonOption = False,
) -> None:
    """Measure ingestion into a record and graph that hold so much already, and into empty ones again.

    Without sizes: 0, 1, 5 and 10 million transfers. Filling the graph takes minutes a million.

    Example: aml bench growth --transfers 0 --transfers 1000000
    """
    from bench.growth import SIZES, run  # noqa: PLC0415 - other commands start faster without it

    sizes = sorted(set(transfers or SIZES))
    _measure(lambda: run(sizes, sample=sample, graph_up_to=graph_up_to), as_json=as_json)


def reconcile(
    transfers: Annotated[int, typer.Option(min=1_500, help="How many transfers.")] = 300_000,
    as_json: JsonOption = False,
) -> None:
    """Measure comparing the graph with the record, and repairing one edge.

    Example: aml bench reconcile --transfers 300000
    """
    from bench.reconcile import run  # noqa: PLC0415 - likewise

    _measure(lambda: run(transfers), as_json=as_json)


def late(as_json: JsonOption = False) -> None:
    """Measure one late transfer in pools with 10, 1,000 and 100,000 later ones: seconds, and rows restated.

    Example: aml bench late
    """
    from bench.late import run  # noqa: PLC0415 - likewise

    _measure(run, as_json=as_json)


def pages(
    wallets: Annotated[int, typer.Option(min=1_000, help="How many wallets are scored.")] = 100_000,
    hub: Annotated[
        int, typer.Option(min=100, help="How many transfers the hub receives, and sends.")
    ] = 30_000,
    requests: Annotated[int, typer.Option(min=20, help="How many requests of each page.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """Measure the pages' first byte: leaderboard, wallets next to a hub, the hub itself.

    Example: aml bench pages --wallets 100000 --hub 30000
    """
    from bench.pages import run  # noqa: PLC0415 - other commands start faster without it

    _measure(lambda: run(wallets, hub, requests), as_json=as_json)


def scoring(
    transfers: Annotated[
        list[int] | None, typer.Option(min=1_000, help="How many transfers; repeat it for more sizes.")
    ] = None,
    sample: Annotated[
        int, typer.Option(min=0, help="Wallets whose neighbours networkx counts; 0 skips that comparison.")
    ] = 300,
    as_json: JsonOption = False,
) -> None:
    """Measure scoring runs of the ledger engine, and compare them with counting neighbours in networkx.

    Without sizes: 100,000, 300,000, 1,000,000 and 3,000,000 transfers, some ten minutes on two free cores.

    Example: aml bench scoring --transfers 100000 --transfers 1000000
    """
    from bench.scoring import SIZES, run  # noqa: PLC0415 - likewise

    _measure(lambda: run(sorted(set(transfers or SIZES)), sample), as_json=as_json)


def explain(
    transfers: Annotated[int, typer.Option(min=3_000, help="How many transfers.")] = 300_000,
    hub: Annotated[int, typer.Option(min=100, help="Transfers into the hub, and out of it.")] = 30_000,
    requests: Annotated[int, typer.Option(min=10, help="Wallets to explain, each time.")] = 300,
    warm_up: Annotated[int, typer.Option(min=0, help="Wallets explained before them.")] = 400,
    as_json: JsonOption = False,
) -> None:
    """Measure explanations over HTTP, on a graph without a hub and again with an unlabelled hub in it.

    Example: aml bench explain --transfers 300000 --hub 30000
    """
    from bench.explain import run  # noqa: PLC0415 - likewise

    _measure(lambda: run(transfers, hub, requests, warm_up), as_json=as_json)


def questions(
    transfers: Annotated[int, typer.Option(min=3_000, help="How many transfers.")] = 300_000,
    requests: Annotated[int, typer.Option(min=2, help="How often each question of a wallet is asked.")] = 100,
    only: Annotated[list[str] | None, typer.Option(help="Ask these alone; may be repeated.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the numbered questions to the graph.

    Example: aml bench questions --transfers 300000 --only 10 --only 11
    """
    from bench.questions import run  # noqa: PLC0415 - likewise

    _measure(lambda: run(transfers, requests, tuple(only or ())), as_json=as_json)


def screen(
    transfers: Annotated[int, typer.Option(min=3_000, help="How many the record holds.")] = 300_000,
    rate: Annotated[int, typer.Option(min=1, max=5_000, help="How many arrive a second meanwhile.")] = 500,
    requests: Annotated[int, typer.Option(min=10, help="Wallets of each kind that are screened.")] = 400,
    deposits: Annotated[int, typer.Option(min=2, help="Deposits screened as they are sent.")] = 60,
    as_json: JsonOption = False,
) -> None:
    """Measure screenings over HTTP: known and never seen wallets, a thousand in one call, deposits.

    Example: aml bench screen --transfers 300000 --rate 500
    """
    from bench.screen import run  # noqa: PLC0415 - other commands start faster without it

    _measure(lambda: run(transfers, rate=rate, requests=requests, deposits=deposits), as_json=as_json)


def auto(
    hack: Annotated[
        Path | None, typer.Option(help="A folder with transfers.csv and labels.csv to measure as well.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure runs whose engine is chosen by `auto`, beside runs of the ledger engine, and say why it is.

    Example: aml bench auto
    """
    from bench.auto import run  # noqa: PLC0415 - other commands start faster without it

    _measure(lambda: run(hack), as_json=as_json)


def faults(
    number: Annotated[int, typer.Option("--faults", min=1, help="How many faults.")] = 1_000,
    seed: Annotated[int, typer.Option(help="The same seed strikes the same faults in the same order.")] = 1,
    rate: Annotated[float, typer.Option(min=1, max=1_000, help="Messages a second meanwhile.")] = 20,
    out: Annotated[
        Path | None, typer.Option(help="A file that holds the figures so far, as JSON, after every burst.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Kill, freeze, cut off, fill and damage an instance under load, and account for every message.

    Up to twelve faults at once; then it has to come back by itself. Ends with exit code 1 where it does not,
    where an acknowledged message is lost untold, where a hole is untold or untrue, or the stores differ.
    Root can also fill its disk, which is one of its own.

    Example: aml bench faults --faults 30 --seed 7 --out faults.json
    """
    from bench.campaign.campaign import run  # noqa: PLC0415 - other commands start faster without it

    figures: dict[str, Any] = {}

    with count_progress("faults", number) as progress:

        def told(so_far: dict[str, Any]) -> None:
            progress(so_far["faults"])
            if out is not None:
                with writing(out):
                    out.with_name(f"{out.name}.new").write_text(json.dumps(so_far, indent=2) + "\n")
                    out.with_name(f"{out.name}.new").replace(out)

        def work() -> dict[str, Any]:
            for number_of_signal in (signal.SIGTERM, signal.SIGINT):  # its instance is ended in any case
                signal.signal(number_of_signal, signal.default_int_handler)
            figures.update(run(number, seed=seed, rate=rate, told=told))
            told(figures)
            return figures

        _measure(work, as_json=as_json)
    if figures["problems"]:
        raise Unequal("Messages were lost, holes are wrong, or the stores differ: see `problems`.")


def strangers(
    connections: Annotated[int, typer.Option(min=1, max=15_000, help="How many at once.")] = 10_000,
    seconds: Annotated[float, typer.Option(min=1, help="For how long.")] = 60,
    as_json: JsonOption = False,
) -> None:
    """Measure `/health` while strangers hold connections and send nothing, or one byte a second.

    Example: aml bench strangers --connections 10000 --json
    """
    from bench.strangers import run  # noqa: PLC0415 - likewise

    _measure(lambda: run(connections, seconds=seconds), as_json=as_json)


def skill(
    easyfi: Annotated[
        Path | None,
        typer.Option(help="A folder of a traced hack: all-tx.csv and all-address.csv (docs/skill.md)."),
    ] = None,
    root: Annotated[
        str | None, typer.Option(help="The thief's wallet in it that is labelled; else the first.")
    ] = None,
    tedge: Annotated[
        Path | None,
        typer.Option(help="A folder of phishing wallets: edges.csv and nodes_train_test_split.csv."),
    ] = None,
    stories: Annotated[
        Path | None,
        typer.Option(help="A folder of stories that `aml simulate` wrote: NAME.jsonl and two more."),
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(help="Seed of simulated stories, told in every form; repeat it for more. 0 skips them."),
    ] = None,
    transfers: Annotated[int, typer.Option(min=6_000, help="Of a simulated story.")] = 20_000,
    as_json: JsonOption = False,
) -> None:
    """Measure how right scores and levels are where the truth is known, beside simpler rankings.

    Ends with exit code 1 where a bar of the stories is missed.

    Example: aml bench skill --easyfi hack/ --seed 1
    """
    from bench.skill.run import run  # noqa: PLC0415 - other commands start faster without it

    figures: dict[str, Any] = {}

    def work() -> dict[str, Any]:
        seeds = [each for each in seed or (1, 2) if each]
        figures.update(
            run(easyfi=easyfi, root=root, tedge=tedge, stories=stories, seeds=seeds, transfers=transfers)
        )
        return figures

    _measure(work, as_json=as_json)
    if figures["missed"]:
        raise Unequal(f"{figures['missed']} bars are missed.")


def _measure(work: Callable[[], dict[str, Any]], *, as_json: bool) -> None:
    """Prints the figures as JSON, or a table of the single values and a table for each list of rows."""
    configure_logging("console")  # it takes minutes: each measurement is logged when it is made
    figures = work()
    if as_json:
        print_json(figures)
        return
    table = Table("figure", "value")
    for name, value in _flat("", figures):
        table.add_row(name, str(value))
    stdout.print(table)
    for name, rows in figures.items():
        if isinstance(rows, list) and rows:
            stdout.print(_rows(name, rows))


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - anything of JSON
    """The single values of nested figures, each named by the keys that lead to it."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _flat(f"{name} {key}".strip().replace("_", " "), one)
    elif not isinstance(value, list):
        yield name, value


def _rows(name: str, rows: list[dict[str, Any]]) -> Table:
    """A line a row, or a line a figure where figures outnumber rows."""
    lines = [dict(_flat("", row)) for row in rows]
    if len(lines) >= len(lines[0]):
        table = Table(*lines[0], title=name, title_justify="left")
        for line in lines:
            table.add_row(*map(str, line.values()))
        return table
    table = Table("", *map(str, range(1, len(lines) + 1)), title=name, title_justify="left")
    for figure in lines[0]:
        table.add_row(figure, *(str(line.get(figure, "")) for line in lines))
    return table
