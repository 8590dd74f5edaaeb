"""The `aml` command."""

import sys

import typer

from app.cli import (
    bench,
    containers,
    data,
    dead_letters,
    demo,
    investigate,
    labels,
    openapi,
    reconcile,
    runs,
    scores,
    servers,
)
from app.cli.terminal import stderr
from app.errors import AmlError
from app.logs import configure_logging

app = typer.Typer(
    name="aml",
    help="Crypto AML risk scores that can be recomputed, traced to exact transfers, and add up.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    demo,
    servers,
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
    """Runs the command; an error the user can act on is one sentence and an exit code, no traceback."""
    configure_logging("console")  # on stderr: stdout is the answer
    try:
        app()
    except AmlError as exc:
        stderr.print(f"[red]{type(exc).kind}[/red]: {exc}", highlight=False, soft_wrap=True)
        sys.exit(exc.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
