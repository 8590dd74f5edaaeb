"""Commands of `aml` inside a test, on the servers of the test."""

import json
from typing import Any

from typer.testing import CliRunner

from app.cli import app


def aml(*arguments: object, columns: int = 200) -> str:
    """What a command prints on stdout; what it raises is raised here."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(app, words, env={"COLUMNS": str(columns)}, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def aml_json(*arguments: object) -> Any:  # noqa: ANN401 - whatever the command answers
    """What a command answers with `--json`."""
    return json.loads(aml(*arguments, "--json"))
