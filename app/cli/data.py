"""Commands that bring data in: the simulator, event files, chain files, labels."""

from collections import Counter
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.outcome import await_outcome, print_outcome, require_consumed
from app.cli.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    configure,
    counting,
    print_json,
    record,
    stderr,
)
from app.errors import InvalidInput
from app.labels.readers.label_file import LabelFormat, read_labels
from app.labels.store import LabelRow, import_labels
from app.policy.policy import load_policy
from app.record.outcome import OffsetRange, count_partitions
from app.settings import Settings
from ingest.files.ethereum_etl import read_ethereum_etl
from ingest.files.transfer_csv import read_csv
from ingest.kafka.producer import produce, produce_file
from ingest.simulator.simulate import simulate as tell
from ingest.simulator.story import Story, write_story

SeedOption = Annotated[int, typer.Option(help="The same seed and sizes tell the same story, byte for byte.")]
WalletsOption = Annotated[int, typer.Option(min=300, help="About how many wallets take part.")]
TransfersOption = Annotated[int, typer.Option(min=1_500, help="Exactly how many transfers happen.")]


class TransferFormat(StrEnum):
    """Files that transfers are read from."""

    csv = "csv"
    ethereum_etl = "ethereum-etl"


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(simulate)
    app.command("produce")(produce_events)
    imports = typer.Typer(help="Bring transfers or labels in from files.", no_args_is_help=True)
    imports.command("transfers")(import_transfers)
    imports.command("labels")(import_label_file)
    app.add_typer(imports, name="import")


def simulate(
    home: HomeOption = DEFAULT_HOME,
    out: Annotated[Path | None, typer.Option(help="File to write the events to, as JSON lines.")] = None,
    publish: Annotated[bool, typer.Option(help="Publish to Kafka and import the labels.")] = False,
    seed: SeedOption = 1,
    wallets: WalletsOption = 2_000,
    transfers: TransfersOption = 6_000,
    as_json: JsonOption = False,
) -> None:
    """Tell a story with known truth: payments, an exchange, a mixer, a scam, a sanctioned wallet, laundering.

    Beside the events stand their labels and the truth. Example: aml simulate --out story.jsonl --seed 7
    """
    if out is None and not publish:
        raise InvalidInput("Say where the story goes: --out FILE, --publish, or both.")
    story = tell(seed, wallets=wallets, transfers=transfers)
    answer: dict[str, object] = {"transfers": len(story.transfers), "labels": len(story.labels)}
    if out is not None:
        answer["files"] = [str(path) for path in write_story(story, out)]
    if publish:
        configured = configure(home)
        with counting("publishing", len(story.transfers)) as done:
            answer["published"] = produce(story.transfers, configured, done)
        import_story_labels(configured, story)
    _tell(answer, as_json=as_json)


def import_story_labels(configured: Settings, story: Story) -> None:
    """Imports what the story's labels say, as their file would."""
    with record(configured) as postgres:
        import_labels(postgres, story_labels(story), load_policy(configured.policy_file).categories)


def story_labels(story: Story) -> list[LabelRow]:
    """What the story's labels say, as rows to import."""
    return [
        LabelRow(
            label.chain, label.address, label.category, label.name, label.source, int(label.confidence),
            valid_from=None, valid_to=None, origin="simulator",
        )
        for label in story.labels
    ]  # fmt: skip


def produce_events(
    file: Annotated[Path, typer.Argument(help="Events, one JSON a line; also .gz.")],
    home: HomeOption = DEFAULT_HOME,
    wait: Annotated[
        float, typer.Option(min=0.1, help="Seconds without a consumed message after which it gives up.")
    ] = 60.0,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Return once Kafka has everything.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send an event file to Kafka, line by line as it is, and say what the consumer made of it.

    Stored, duplicates, retractions, dead letters by reason; exit code 1 when some are not consumed.
    Example: aml produce story.jsonl
    """
    configured = configure(home)
    topic = configured.transfers_topic
    if no_wait:
        with counting("sending, in bytes") as done:
            report = produce_file(file, configured, done)
        _tell({"delivered": report.delivered, "invalid": report.invalid}, as_json=as_json)
        return
    with record(configured) as postgres:
        with postgres.transaction() as connection:
            before = count_partitions(connection, topic)
        with counting("sending, in bytes") as done:
            report = produce_file(file, configured, done)
        ranges = [OffsetRange(*each) for each in report.offsets]
        with counting("waiting for the consumer", report.delivered) as done:
            became = await_outcome(postgres, topic, before, ranges, silence_seconds=wait, progress=done)
    if as_json:
        print_json({"delivered": report.delivered, "invalid": report.invalid, **asdict(became)})
    else:
        print_outcome(report.delivered, became)
    require_consumed(became, wait)


def import_transfers(
    file: Annotated[Path, typer.Argument(help="The file, or for ethereum-etl also its folder.")],
    file_format: Annotated[TransferFormat, typer.Option("--format", help="What kind of file it is.")],
    home: HomeOption = DEFAULT_HOME,
    chain: Annotated[str, typer.Option(help="Chain of an ethereum-etl file.")] = "ethereum",
    as_json: JsonOption = False,
) -> None:
    """Import transfers from a file, through Kafka. Failed transactions and contract creations are skipped.

    Example: aml import transfers export/ --format ethereum-etl
    """
    skipped: Counter[str] = Counter()
    with counting("reading, in bytes") as done:
        transfers = (
            read_csv(file, done)
            if file_format is TransferFormat.csv
            else read_ethereum_etl(file, chain, skipped=skipped, progress=done)
        )
        delivered = produce(transfers, configure(home))
    _tell({"delivered": delivered, "skipped": dict(skipped)}, as_json=as_json)


def import_label_file(
    file: Annotated[Path, typer.Argument(help="The label file; for tagpack and ofac also a folder of them.")],
    file_format: Annotated[LabelFormat, typer.Option("--format", help="What kind of file it is.")],
    home: HomeOption = DEFAULT_HOME,
    replace: Annotated[
        bool, typer.Option("--replace", help="It is all its sources say now: remove their other labels.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Import labels: CSV (chain,address,category,name,source,confidence[,…]), TagPacks, the OFAC SDN list.

    Importing a file again changes nothing. Example: aml import labels labels.csv --format csv
    """
    configured = configure(home)
    categories = load_policy(configured.policy_file).categories
    skipped: Counter[str] = Counter()
    with record(configured) as postgres, counting("reading, in bytes") as done:
        rows = read_labels(file, file_format, skipped=skipped, progress=done)
        report = import_labels(postgres, rows, categories, replace=replace)
    _tell({**asdict(report), "skipped": dict(skipped.most_common())}, as_json=as_json)


def _tell(answer: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        for name, value in answer.items():
            stderr.print(f"{name}: {value}", highlight=False)
