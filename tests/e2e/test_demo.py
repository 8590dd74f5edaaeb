"""The command a new user runs first."""

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from app.settings import PROJECT
from embedded.home import LOCK_NAME
from embedded.lock import is_held


def aml(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
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
    contributions = done.stdout.split("Contributions:")[1].split("What no category explains")[0]
    numbers = [Decimal(n) for n in re.findall(r"(\d+\.\d{6}) │$", contributions, re.MULTILINE)]
    assert len(numbers) > 1
    assert sum(numbers[:-1]) == numbers[-1]
    for what in ("API docs", "Neo4j Browser", "PostgreSQL", "Kafka"):
        assert what in done.stdout
    assert not is_held(home / LOCK_NAME)
    assert (home / "secrets.json").stat().st_mode & 0o077 == 0

    wiped = aml("down", "--wipe", "--home", str(home))

    assert wiped.returncode == 0, wiped.stderr
    assert not home.exists()
