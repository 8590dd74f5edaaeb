"""Commands that bring events in: simulated ones, and event files as they are."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output.outcome import await_outcome, print_outcome, require_consumed
from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    count_progress,
    load_settings,
    open_record,
    print_json,
    stderr,
)
from app.errors import InvalidInput
from app.labels.store import LabelRow, import_labels
from app.policy.policy import load_policy
from app.record.outcome import OffsetRange, count_partitions
from app.settings import Settings
from ingest.kafka.producer import produce, produce_file
from ingest.simulator.simulate import simulate as simulate_story
from ingest.simulator.story import Story, write_story

SeedOption = Annotated[int, typer.Option(help="The same seed and sizes tell the same story, byte for byte.")]
WalletsOption = Annotated[int, typer.Option(min=300, help="About how many wallets take part.")]
TransfersOption = Annotated[int, typer.Option(min=1_500, help="Exactly how many transfers happen.")]


PANEL = "Data"


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command(rich_help_panel=PANEL)(simulate)
    app.command("produce", rich_help_panel=PANEL)(produce_events)


def simulate(
    home: HomeOption = DEFAULT_HOME,
    out: Annotated[Path | None, typer.Option(help="File to write the events to, as JSON lines.")] = None,
    publish: Annotated[bool, typer.Option(help="Publish to Kafka and import the labels.")] = False,
    seed: SeedOption = 1,
    wallets: WalletsOption = 2_000,
    transfers: TransfersOption = 6_000,
    as_json: JsonOption = False,
) -> None:
    """Simulate a story with known truth: payments, exchange, mixer, scam, sanctioned wallet, laundering.

    Writes events, labels and truth as three files, or publishes the events and imports the labels.

    Example: aml simulate --out story.jsonl --seed 7
    """
    if out is None and not publish:
        raise InvalidInput("The story needs a destination: --out FILE, --publish, or both.")
    story = simulate_story(seed, wallets=wallets, transfers=transfers)
    answer: dict[str, object] = {"transfers": len(story.transfers), "labels": len(story.labels)}
    if out is not None:
        answer["files"] = [str(path) for path in write_story(story, out)]
    if publish:
        settings = load_settings(home)
        with count_progress("publishing", len(story.transfers)) as progress:
            answer["published"] = produce(story.transfers, settings, progress)
        import_story_labels(settings, story)
    print_report(answer, as_json=as_json)


def import_story_labels(settings: Settings, story: Story) -> None:
    """Imports the labels of a story, as importing their file would."""
    with open_record(settings) as postgres:
        import_labels(postgres, story_labels(story), load_policy(settings.policy_file).categories)


def story_labels(story: Story) -> list[LabelRow]:
    """The labels of a story as rows to import."""
    return [
        LabelRow(
            label.chain, label.address, label.category, label.name, label.source, int(label.confidence),
            valid_from=None, valid_to=None, origin="simulator",
        )
        for label in story.labels
    ]  # fmt: skip


def produce_events(
    file: Annotated[Path, typer.Argument(help="Event file, one JSON a line; also .gz.")],
    home: HomeOption = DEFAULT_HOME,
    wait: Annotated[
        float, typer.Option(min=0.1, help="Seconds without a consumed message after which it gives up.")
    ] = 60.0,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Return once Kafka has everything.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send an event file to Kafka, each line as it is, and say what the consumer made of it.

    Stored, duplicates, retractions, dead letters by reason; exit code 1 when some are not consumed.

    Example: aml produce story.jsonl
    """
    settings = load_settings(home)
    topic = settings.transfers_topic
    if no_wait:
        with count_progress("sending, in bytes") as progress:
            report = produce_file(file, settings, progress)
        print_report({"delivered": report.delivered, "invalid": report.invalid}, as_json=as_json)
        return
    with open_record(settings) as postgres:
        with postgres.transaction() as connection:
            before = count_partitions(connection, topic)
        with count_progress("sending, in bytes") as progress:
            report = produce_file(file, settings, progress)
        ranges = [OffsetRange(*each) for each in report.offsets]
        with count_progress("waiting for the consumer", report.delivered) as progress:
            outcome = await_outcome(postgres, topic, before, ranges, silence_seconds=wait, progress=progress)
    if as_json:
        print_json({"delivered": report.delivered, "invalid": report.invalid, **asdict(outcome)})
    else:
        print_outcome(report.delivered, outcome)
    require_consumed(outcome, wait)


def print_report(answer: dict[str, object], *, as_json: bool) -> None:
    """What a command did: one name and value a line, or JSON."""
    if as_json:
        print_json(answer)
        return
    for name, value in answer.items():
        stderr.print(f"{name}: {_words(value)}", highlight=False, soft_wrap=True)


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number:,} {reason}" for reason, number in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
