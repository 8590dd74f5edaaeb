"""The `aml` command: its sub-commands, and how it ends when one of them cannot do its work."""

import logging
import os
import sys
import tempfile
import traceback
from errno import ENOSPC
from typing import Annotated

import stamina.instrumentation
import typer
from rich.text import Text

from app.cli import (
    bench,
    data,
    dead_letters,
    demo,
    holes,
    imports,
    investigate,
    labels,
    openapi,
    policy,
    runs,
    scores,
    screen,
    servers,
    status,
)
from app.cli.imports import assets, prices
from app.cli.output.terminal import legible, stderr
from app.cli.setup import env, prepare, secrets, token
from app.cli.upkeep import backup, prune, reconcile
from app.cli.watching import alerts, watched, webhooks
from app.errors import AmlError, DiskFull, InvalidInput
from app.logs import configure_logging

DEBUG_VARIABLE = "AML_DEBUG"


def options(
    *,
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar=DEBUG_VARIABLE, help="Print the Python trace of an unexpected error."),
    ] = False,
) -> None:
    """Options of every command, before its name."""
    os.environ[DEBUG_VARIABLE] = "1" if debug else "0"


app = typer.Typer(
    name="aml",
    help="Crypto AML risk scores that can be recomputed, traced to exact transfers, and add up.",
    epilog="Start with `aml demo`. Every command explains itself: aml COMMAND --help.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    callback=options,
)
for group in (
    demo,
    servers,
    status,
    env,
    data,
    imports,
    labels,
    prices,
    assets,
    scores,
    screen,
    policy,
    investigate,
    runs,
    watched,
    alerts,
    webhooks,
    prune,
    reconcile,
    backup,
    dead_letters,
    holes,
    prepare,
    secrets,
    token,
    openapi,
    bench,
):
    group.register(app)


def main() -> None:
    """Runs a command. An error ends it with one sentence and an exit code, never with a Python trace."""
    configure_logging("console", logging.WARNING)  # on stderr: stdout is the answer
    stamina.instrumentation.set_on_retry_hooks([])  # a command says once, at its end, what did not answer
    try:
        app()
    except AmlError as exc:
        print_error(exc)
        sys.exit(exc.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as exc:  # noqa: BLE001 - the last place that can explain it
        if isinstance(exc, OSError) and exc.errno == ENOSPC:  # the file of a trace would not fit either
            where = exc.filename or "a file that was being written"
            full = DiskFull(f"The disk of this machine is full ({where}). Free some space.")
            print_error(full)
            sys.exit(full.exit_code)
        if (wrong := wrong_word(exc)) is not None:
            print_error(wrong)
            sys.exit(wrong.exit_code)
        print_unexpected(exc)
        sys.exit(1)


def wrong_word(exc: Exception) -> InvalidInput | None:
    """What the system or Python says of a word that was given: no file's name, or no text."""
    if isinstance(exc, OSError) and exc.filename is not None:
        return InvalidInput(f"{exc.filename} cannot be used: {exc.strerror}.")
    if isinstance(exc, UnicodeEncodeError):
        return InvalidInput("A word of this command is no text in UTF-8. Write it again.")
    return None


def print_error(error: AmlError) -> None:
    """The sentence of an error the user can act on, with its kind before it."""
    _print(error.kind, str(error))


def print_unexpected(error: Exception) -> None:
    """One sentence that says where the trace is: on the terminal with `--debug`, otherwise in a file."""
    summary = traceback.format_exception_only(error)[-1].strip()
    if os.environ.get(DEBUG_VARIABLE) == "1":
        stderr.print(Text("".join(traceback.format_exception(error))), soft_wrap=True)
        _print("unexpected", summary)
        return
    with tempfile.NamedTemporaryFile("w", prefix="aml-", suffix=".log", delete=False) as file:
        file.writelines(traceback.format_exception(error))
    _print("unexpected", f"{summary} (details: {file.name}, or run `aml --debug …` again)")


def _print(kind: str, sentence: str) -> None:
    stderr.print(Text.assemble((kind, "red"), f": {legible(sentence)}"), highlight=False, soft_wrap=True)
