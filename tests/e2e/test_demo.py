"""The command a new user runs first."""

import subprocess
import sys
from pathlib import Path

from app.settings import PROJECT
from embedded.home import LOCK_NAME
from embedded.lock import is_held
from tests.support.demo_output import assert_explained, assert_for_people, assert_screened_and_alerted


def aml(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_demo_explains_a_score_that_adds_up_and_leaves_nothing_running(tmp_path: Path) -> None:
    home = tmp_path / "a home with spaces"

    done = aml("demo", "--exit", "--home", str(home))

    assert done.returncode == 0, done.stderr
    assert_explained(done.stdout)
    assert_screened_and_alerted(done.stdout)
    assert_for_people(done.stdout)
    for what in ("API docs", "Neo4j Browser", "PostgreSQL", "Kafka", "api_token", "aml down --wipe"):
        assert what in done.stdout
    assert not is_held(home / LOCK_NAME)
    assert (home / "secrets.json").stat().st_mode & 0o077 == 0

    stopped = aml("status", "--home", str(home))

    assert stopped.returncode == 1
    assert "is stopped" in stopped.stderr

    wiped = aml("down", "--wipe", "--home", str(home))

    assert wiped.returncode == 0, wiped.stderr
    assert not home.exists()
    for command in ("down", "status"):
        absent = aml(command, "--home", str(home))
        assert absent.returncode == 1
        assert "There is no instance" in absent.stderr
