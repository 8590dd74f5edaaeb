"""How a command ends that cannot do its work: one sentence on stderr, and an exit code."""

import os
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import structlog
import typer
from rich.text import Text

from app.cli.terminal import stderr
from app.errors import AmlError

log = structlog.get_logger()
DEBUG_VARIABLE = "AML_DEBUG"
UNEXPECTED_EXIT_CODE = 1


def options(
    *,
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar=DEBUG_VARIABLE, help="Print the Python trace of an unexpected error."),
    ] = False,
) -> None:
    """Options of every command, before its name. Example: aml --debug status."""  # the text is not shown
    os.environ[DEBUG_VARIABLE] = "1" if debug else "0"


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


@contextmanager
def trace_in_log() -> Iterator[None]:
    """For a service, whose stderr is its log: an unexpected error is logged there with its trace."""
    try:
        yield
    except AmlError:
        raise
    except Exception as exc:
        log.exception("unexpected_error")
        raise typer.Exit(UNEXPECTED_EXIT_CODE) from exc


def _print(kind: str, sentence: str) -> None:
    stderr.print(Text.assemble((kind, "red"), f": {sentence}"), highlight=False, soft_wrap=True)
