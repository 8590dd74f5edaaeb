"""Commands of `aml` on the servers of the test: inside it, or as a process of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from app.cli import app
from app.settings import PROJECT
from embedded.ports import draw, is_free


def aml(*arguments: object, columns: int = 200) -> str:
    """What a command prints on stdout; what it raises is raised here."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(app, words, env={"COLUMNS": str(columns)}, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def aml_json(*arguments: object) -> Any:  # noqa: ANN401 - whatever the command answers
    """What a command answers with `--json`."""
    return json.loads(aml(*arguments, "--json"))


@contextmanager
def process(arguments: list[str], variables: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command of `aml` as a process, told to stop at the end of the block."""
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=PROJECT,
            env={**os.environ, **variables},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield child
        finally:
            child.send_signal(signal.SIGTERM)
            assert child.wait(60) == 0, log.read_text()


def free_port() -> int:
    """A port that nobody listens on."""
    port = draw()
    while not is_free(port):
        port = draw()
    return port
