"""`aml api --reload` as a process: another policy starts it again, and it answers as before."""

import shutil
from pathlib import Path

import httpx
import pytest

from app.settings import PROJECT, Settings
from tests.support.commands import free_port, process
from tests.support.environment import API_TOKEN, environment
from tests.support.ingesting import wait_until


@pytest.mark.usefixtures("graph")
def test_a_changed_policy_starts_the_api_again(settings: Settings, tmp_path: Path) -> None:
    policy, log, port = tmp_path / "policy.yaml", tmp_path / "api.log", free_port()
    shutil.copy(PROJECT / "policy.yaml", policy)
    variables = {"AML_API_PORT": str(port), "AML_API_TOKEN": API_TOKEN, "AML_POLICY_FILE": str(policy)}
    with process(["api", "--reload"], {**environment(settings), **variables}, log):
        wait_until(lambda: answers(port))
        policy.write_text(policy.read_text() + "# another thought\n")
        wait_until(lambda: "policy.yaml" in log.read_text())
        wait_until(lambda: log.read_text().count("Started server process") == 2)
        wait_until(lambda: answers(port))


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").is_success
    except httpx.HTTPError:
        return False
