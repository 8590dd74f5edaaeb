"""The `aml` command."""

import logging
import sys

import stamina.instrumentation
import typer

from app.cli import (
    bench,
    containers,
    data,
    dead_letters,
    demo,
    failures,
    investigate,
    labels,
    openapi,
    reconcile,
    runs,
    scores,
    servers,
    status,
)
from app.errors import AmlError
from app.logs import configure_logging

app = typer.Typer(
    name="aml",
    help="Crypto AML risk scores that can be recomputed, traced to exact transfers, and add up.",
    epilog="Start with `aml demo`. Every command explains itself: aml COMMAND --help.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    callback=failures.options,
)
for group in (
    demo,
    servers,
    status,
    data,
    labels,
    scores,
    investigate,
    runs,
    reconcile,
    dead_letters,
    containers,
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
        failures.print_error(exc)
        sys.exit(exc.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as exc:  # noqa: BLE001 - the last place that can explain it
        failures.print_unexpected(exc)
        sys.exit(failures.UNEXPECTED_EXIT_CODE)
