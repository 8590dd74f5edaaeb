"""`aml up` as a process: whatever of it dies or hangs is started again, and nothing else ends with it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.settings import PROJECT
from embedded.home import LOCK_NAME
from embedded.lock import holder
from embedded.restarts import ProcessState
from embedded.urls import running_supervision
from tests.support.ingesting import wait_until

PROCESSES = ("postgres", "kafka", "neo4j", "api", "consume", "work")
LONG = "AML_FAULT_ROUNDS" in os.environ
KILLED = PROCESSES if LONG else ("postgres", "consume")
FROZEN = ("postgres", "neo4j", "consume") if LONG else ("neo4j",)
"""`make test-faults` tries all."""
SILENT_SECONDS = 4


def aml(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments, "--home", str(home)],
        cwd=PROJECT,
        env=os.environ | {"AML_SILENT_SECONDS": str(SILENT_SECONDS)} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("supervised") / "home"
    started = aml(home, "up", "--detach")
    assert started.returncode == 0, started.stderr
    yield home
    assert aml(home, "down", "--wipe").returncode == 0


def status(home: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(aml(home, "status", "--json").stdout or "{}")
    return answer


def processes(home: Path) -> dict[str, ProcessState]:
    supervision = running_supervision(home)
    return {each["name"]: each for each in supervision["processes"]} if supervision else {}


def all_run(home: Path) -> bool:
    running = processes(home)
    return set(running) == set(PROCESSES) and all(each["state"] == "running" for each in running.values())


@pytest.mark.parametrize("name", KILLED)
def test_a_killed_process_is_started_again_and_the_others_live_on(home: Path, name: str) -> None:
    supervisor, before = holder(home / LOCK_NAME), processes(home)
    assert set(before) == set(PROCESSES)

    os.kill(before[name]["pid"], signal.SIGKILL)

    wait_until(lambda: all_run(home) and processes(home)[name]["pid"] != before[name]["pid"], 60)
    after = processes(home)
    assert {one for one in PROCESSES if after[one]["pid"] != before[one]["pid"]} == {name}
    assert holder(home / LOCK_NAME) == supervisor
    assert after[name]["restarts"] == before[name]["restarts"] + 1
    told = status(home)
    newest = told["supervision"]["restarts"][-1]
    assert (newest["name"], newest["why"]) == (name, "was killed by SIGKILL")
    assert told["ready"]["ready"]


@pytest.mark.parametrize("name", FROZEN)
def test_a_process_that_hangs_is_ended_and_started_again(home: Path, name: str) -> None:
    before = processes(home)

    os.kill(before[name]["pid"], signal.SIGSTOP)

    wait_until(lambda: all_run(home) and processes(home)[name]["pid"] != before[name]["pid"], 90)
    supervision = running_supervision(home)
    assert supervision
    newest = supervision["restarts"][-1]
    assert newest["name"] == name
    assert newest["why"].startswith(f"did not answer for {SILENT_SECONDS} s")
    assert {one for one, each in processes(home).items() if each["pid"] != before[one]["pid"]} == {name}


def test_up_takes_over_when_the_supervisor_was_killed_and_a_server_hangs(home: Path) -> None:
    before, supervisor = processes(home), holder(home / LOCK_NAME)
    assert supervisor
    os.kill(before["kafka"]["pid"], signal.SIGSTOP)  # the signal that ends it with its parent waits for ever
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: not psutil.pid_exists(supervisor), 10)

    stopped = aml(home, "top")
    assert "is stopped" in stopped.stderr
    assert "aml up" in stopped.stderr
    started = aml(home, "up", "--detach")

    assert started.returncode == 0, started.stderr
    assert all_run(home)
    told = aml(home, "status").stdout
    assert f"did not answer for {SILENT_SECONDS} s" in told  # what was done in earlier runs is remembered
    assert not psutil.pid_exists(before["kafka"]["pid"])
    assert (home / "logs" / "up.log").is_file()


def test_up_never_says_yes_to_what_dies_a_second_later(tmp_path: Path) -> None:
    home = tmp_path / "home"
    started = aml(home, "up", "--detach", AML_FAULT="no such fault")
    assert started.returncode == 3
    assert "consume stopped while starting" in started.stderr
    assert "no such fault" in (home / "logs" / "up.log").read_text()
    assert not psutil.pid_exists(holder(home / LOCK_NAME) or 2**22 + 1)
