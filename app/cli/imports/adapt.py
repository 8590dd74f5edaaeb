"""The command that publishes another program's stream as transfers."""

import re
import signal
from threading import Event
from typing import Annotated

import typer

from app.chains.addresses import EVM_NATIVE_ASSETS
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
from ingest.adapters.ethereum_etl_stream import adapt

_is_topic = re.compile(r"[A-Za-z0-9._-]{1,249}").fullmatch


def adapt_ethereum_etl(
    topic: Annotated[
        list[str], typer.Option(help="A topic that ethereum-etl writes; repeat it for each kind of item.")
    ],
    home: HomeOption = DEFAULT_HOME,
    chain: Annotated[str, typer.Option(help="Chain of the stream.")] = "ethereum",
    once: Annotated[
        bool, typer.Option("--once", help="End when all that is there is published; else run on.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Publish ethereum-etl's stream as transfers, from topics of its own.

    Name every topic of the stream: transactions say where token transfers stand in their block. Killed and
    started again it goes on where it was; nothing is lost and nothing recorded twice. docs/imports.md says
    what is read.

    Example: aml adapt ethereum-etl --topic transactions --topic token_transfers --topic traces
    """
    if wrong := next((name for name in topic if not _is_topic(name)), None):
        raise InvalidInput(
            f"{wrong[:60]!a} is no name of a topic: letters, digits, dots, _ and -, 249 at most."
        )
    if chain not in EVM_NATIVE_ASSETS:
        raise InvalidInput(f"ethereum-etl describes EVM chains: {', '.join(EVM_NATIVE_ASSETS)}.")
    settings = load_settings(home, "aml-adapter")
    stop, published = Event(), 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_record(settings) as postgres, count_progress("published") as progress:

        def report(count: int) -> None:
            nonlocal published
            published = count
            progress(count)

        skipped = adapt(settings, postgres, topic, chain, stop, once=once, progress=report)
    if as_json:
        print_json({"published": published, "skipped": dict(skipped), "examples": skipped.examples})
        return
    left_out = ", ".join(f"{number:,} {reason}" for reason, number in skipped.most_common())
    stderr.print(f"{published:,} transfers published; left out: {left_out or 'nothing'}.", highlight=False)
