"""The worker as a process on the servers of a test."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.settings import Settings
from tests.support.commands import process
from tests.support.environment import API_TOKEN, environment


@contextmanager
def working(settings: Settings, log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker until the end of the block; `variables` are settings without their prefix."""
    named = {f"AML_{name.upper()}": value for name, value in variables.items()}
    given = {**environment(settings), "AML_LOG_FORMAT": "json", "AML_API_TOKEN": API_TOKEN, **named}
    with process(["work"], given, log) as worker:
        yield worker
