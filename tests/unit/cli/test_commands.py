"""What every command of `aml` has: help with an example, and JSON where a program would read it."""

import re
from collections.abc import Iterator

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from app.cli import app

WITHOUT_JSON = {
    "aml demo", "aml warm",  # for people
    "aml consume", "aml api", "aml work",  # run until stopped
    "aml down", "aml migrate", "aml topics", "aml secrets",  # answer with their exit code
    "aml openapi",  # prints JSON
    "aml token rotate", "aml token forget",  # the token stands in a file of its owner alone
}  # fmt: skip


def commands(command: object, path: str) -> Iterator[tuple[str, object]]:
    """Every command and group with the words that call it."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{path} {name}")


COMMANDS = dict(commands(get_command(app), "aml"))


@pytest.mark.parametrize("path", COMMANDS)
def test_help_is_printed_with_an_example(path: str) -> None:
    done = CliRunner().invoke(app, [*path.split()[1:], "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert path == "aml" or f"Example: {path}" in done.stdout
    assert not re.search(r"\[/?(bold|red|yellow)\]", done.stdout)


def test_commands_that_a_program_would_read_print_json() -> None:
    leaves = {path: command for path, command in COMMANDS.items() if not getattr(command, "commands", {})}
    without = {
        path
        for path, command in leaves.items()
        if not any("--json" in parameter.opts for parameter in command.params)  # type: ignore[attr-defined]
    }
    assert without == WITHOUT_JSON
