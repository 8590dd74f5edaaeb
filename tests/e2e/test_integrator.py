"""What an integrator does first, on an instance of `aml up`, with the users and passwords that it has."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.settings import PROJECT
from tests.support.ingesting import wait_until

CLIENT = PROJECT / "clients" / "python"
DEPOSIT = PROJECT / "examples" / "exchange" / "deposit.py"


def aml(home: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "app.cli", *arguments, "--home", str(home)]
    subprocess.run(command, cwd=PROJECT, stdin=subprocess.DEVNULL, check=True, timeout=300)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home = tmp_path_factory.mktemp("integrator") / "home"
    aml(home, "up", "--detach")
    secrets = json.loads((home / "secrets.json").read_text())
    ports = json.loads((home / "ports.json").read_text())
    url, token = f"http://127.0.0.1:{ports['api']}", secrets["api_token"]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120) as client:
        yield client
    aml(home, "down", "--wipe")


def test_the_exchange_of_the_examples_works_on_a_fresh_instance(api: httpx.Client) -> None:
    token = api.headers["authorization"].removeprefix("Bearer ")
    done = subprocess.run(
        [sys.executable, str(DEPOSIT)],
        env={**os.environ, "AML_URL": str(api.base_url), "AML_API_TOKEN": token, "PYTHONPATH": str(CLIENT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The message: stored" in done.stdout


def test_a_refused_message_is_sent_again(api: httpx.Client) -> None:
    event = json.loads((PROJECT / "docs" / "contract" / "transfer.json").read_text())["examples"][0]
    for amount in ("1", "2"):  # the second is a conflict
        sent = api.post("/v1/transfers", json={"transfers": [event | {"amount": amount}]}).raise_for_status()
    (place,) = sent.json()["results"]
    message = f"/v1/messages/{place['partition']}/{place['offset']}"
    wait_until(lambda: api.get(message).json()["status"] == "dead_letter", 60)
    letter = "/v1/dead-letters/transfers/{partition}/{offset}".format(**place)
    assert api.post(f"{letter}/replay").raise_for_status().json()["replayed_at"] is not None
