"""`aml demo`: from nothing to an explained score; `aml warm`: the same once, to record the JVM caches."""

import re
import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

import httpx
import typer

from app.cli.data import SeedOption, TransfersOption, WalletsOption
from app.cli.instance import access_table, instance
from app.cli.output.terminal import DEFAULT_HOME, HomeOption, load_settings, stderr, stdout, writing
from app.cli.servers import stay
from app.cli.tour import heading, tour
from embedded.warm import caches, training_home

PANEL = "Start here"
SMALL = {"seed": 1, "wallets": 400, "transfers": 1_500}


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command(rich_help_panel=PANEL)(demo)
    app.command(rich_help_panel=PANEL)(warm)


def demo(
    home: HomeOption = DEFAULT_HOME,
    leave: Annotated[
        bool, typer.Option("--exit", help="Stop everything at the end, also with a terminal.")
    ] = False,
    attach: Annotated[
        bool, typer.Option("--attach", help="Use the servers and the API that run already; the story stays.")
    ] = False,
    seed: SeedOption = SMALL["seed"],
    wallets: WalletsOption = SMALL["wallets"],
    transfers: TransfersOption = SMALL["transfers"],
    picture: Annotated[
        Path | None, typer.Option(hidden=True, help="Also write what is printed to this file, as SVG.")
    ] = None,
) -> None:
    """A guided tour: start everything from nothing, ingest a story, score its wallets, explain one.

    With a terminal everything runs on until Ctrl-C; with --attach nothing is started or stopped.

    Example: aml demo --exit
    """
    started = time.monotonic()
    stdout.record = picture is not None
    if attach:
        settings = load_settings(home)
        heading(1, "The servers run already")
        stdout.print(f"The API is at {settings.pages_address}.")
        wallet = tour(settings, seed=seed, wallets=wallets, transfers=transfers)
        _go_on(wallet, started, home, settings.pages_address)
        return
    with instance(home) as (supervisor, settings):
        heading(1, "The servers are ready")
        stdout.print(
            "PostgreSQL (the record), Kafka, Neo4j (the graph), the consumer and the API run on this "
            f"machine, on loopback only. They were ready after {time.monotonic() - started:.0f} seconds.",
            highlight=False,
        )
        wallet = tour(settings, seed=seed, wallets=wallets, transfers=transfers)
        _go_on(wallet, started, home, settings.pages_address)
        if picture is not None:
            with writing(picture):
                picture.write_text(_own_fonts(stdout.export_svg(title="aml demo", unique_id="demo")))
        stdout.print(access_table(settings, home))
        if sys.stdout.isatty() and not leave:
            stdout.print("Everything runs until Ctrl-C.")
            stay(supervisor)
    stdout.print(
        f"Everything is stopped. `{_command('up', home)}` starts it again with its data, "
        f"`{_command('down --wipe', home)}` deletes it.",
        markup=False,
        soft_wrap=True,
    )


def warm() -> None:
    """Build the JVM caches of this machine once, by recording a demo: later starts are faster.

    Example: aml warm
    """
    if all(cache.exists() for cache in caches()):
        stderr.print("The caches of this machine exist already.")
        return
    with training_home() as home, instance(home, record_caches=True) as (_, settings):
        tour(settings, **SMALL)
        httpx.get(settings.neo4j_browser_url or "", trust_env=False).raise_for_status()
        stderr.print("Writing the caches, which takes about half a minute ...")
    stderr.print("The caches of this machine are built: " + ", ".join(str(cache) for cache in caches()))


def _go_on(wallet: str, started: float, home: Path, pages: str) -> None:
    """What to look at next, on the pages and on the command line."""
    heading(8, "Where to go on")
    for line in (
        f"Explained {time.monotonic() - started:.0f} seconds after the start.",
        f"The wallet's page: {pages}/wallets/{wallet}",
        f"Its whole explanation: {_command(f'explain {wallet}', home)}",
        f"The other wallets: {_command('top', home)}",
        f"Alerts: {pages}/alerts, or {_command('alerts list', home)}",
        f"Screening an address: {pages}/screenings, or {_command('screen ADDRESS', home)}",
        f"The state of everything: {_command('status', home)}",
    ):
        stdout.print(line, highlight=False, markup=False, soft_wrap=True)


def _command(words: str, home: Path) -> str:
    """A command as the user would type it, such as `.venv/bin/aml top`."""
    program = sys.argv[0] if Path(sys.argv[0]).name == "aml" else "aml"
    return f"{program} {words}" + ("" if home == DEFAULT_HOME else f" --home {shlex.quote(str(home))}")


def _own_fonts(svg: str) -> str:
    """The picture with fonts of the reader's machine: rich names one that is loaded from elsewhere."""
    without = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return without.replace(
        "Fira Code, monospace", "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    )
