"""`aml api --reload` as a process: another policy starts it again, and it answers as before."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.settings import PROJECT, Settings
from embedded.ports import draw, is_free
from tests.support.environment import API_TOKEN, environment
from tests.support.ingesting import wait_until


@pytest.mark.usefixtures("graph")
def test_a_changed_policy_starts_the_api_again(settings: Settings, tmp_path: Path) -> None:
    policy, log, port = tmp_path / "policy.yaml", tmp_path / "api.log", free_port()
    shutil.copy(PROJECT / "policy.yaml", policy)
    variables = {"AML_API_PORT": str(port), "AML_API_TOKEN": API_TOKEN, "AML_POLICY_FILE": str(policy)}
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "api", "--reload"],
            cwd=PROJECT,
            env={**os.environ, **environment(settings), **variables},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: answers(port))
        policy.write_text(policy.read_text() + "# another thought\n")
        wait_until(lambda: "policy.yaml" in log.read_text())
        wait_until(lambda: log.read_text().count("Started server process") == 2)
        wait_until(lambda: answers(port))
    finally:
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 0, log.read_text()


def free_port() -> int:
    port = draw()
    while not is_free(port):
        port = draw()
    return port


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").is_success
    except httpx.HTTPError:
        return False
