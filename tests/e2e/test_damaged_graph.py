"""Neo4j's own files are destroyed: the rest of the instance goes on, and the graph is made anew."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import PROJECT
from embedded.urls import running_supervision
from tests.support.ingesting import wait_until

DATABASES = ["neo4j", "system"] if "AML_FAULT_ROUNDS" in os.environ else ["neo4j"]
"""Neo4j gives up after two minutes where the second cannot be opened."""


def aml(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments, "--home", str(home)],
        cwd=PROJECT,
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def destroy(home: Path, database: str) -> None:
    """Every transaction log of the database is noise: neither recovery nor a start succeeds."""
    for file in (home / "neo4j" / "data" / "transactions" / database).iterdir():
        file.write_bytes(os.urandom(max(1_000, file.stat().st_size)))


def restarts(home: Path) -> list[str]:
    supervision = running_supervision(home)
    return [each["why"] for each in supervision["restarts"]] if supervision else []


def set_aside(home: Path) -> list[Path]:
    return list((home / "neo4j").glob("data.set-aside-*"))


def is_equal(home: Path) -> bool:
    done = aml(home, "reconcile", "--json")
    return done.returncode == 0 and bool(json.loads(done.stdout)["equal"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("damaged") / "home"
    started = aml(home, "up", "--detach")
    assert started.returncode == 0, started.stderr
    published = aml(home, "simulate", "--publish", "--wallets", "300", "--transfers", "1500")
    assert published.returncode == 0, published.stderr
    wait_until(lambda: is_equal(home), 60)
    yield home
    assert aml(home, "down", "--wipe").returncode == 0


def test_a_database_that_cannot_open_its_files_starts_from_nothing_and_is_filled_again(home: Path) -> None:
    supervision = running_supervision(home)
    assert supervision
    (neo4j,) = (each["pid"] for each in supervision["processes"] if each["name"] == "neo4j")
    assert neo4j
    destroy(home, "neo4j")
    os.kill(neo4j, signal.SIGKILL)

    wait_until(lambda: any("starts from nothing" in why for why in restarts(home)), 120)
    wait_until(lambda: is_equal(home), 90)

    assert any("cannot open its database" in why for why in restarts(home))
    assert len(set_aside(home)) == 1
    others = [each for each in running_supervision(home)["processes"] if each["name"] != "neo4j"]  # type: ignore[index]
    assert {each["restarts"] for each in others} == {0}


@pytest.mark.parametrize("database", DATABASES)
def test_a_stopped_instance_reloads_its_graph_into_new_files(home: Path, database: str) -> None:
    aml(home, "down")
    destroy(home, database)

    done = aml(home, "reload-graph", "--wipe", "--json")

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["equal"], answer["transfers"]) == (True, 1_500)
    assert "starts from nothing" in done.stderr


def test_who_asks_to_be_asked_starts_without_the_graph_and_is_told_what_to_do(home: Path) -> None:
    aml(home, "down")
    destroy(home, "neo4j")
    earlier = set_aside(home)

    started = aml(home, "up", "--detach", AML_GRAPH_REBUILD="ask")

    assert started.returncode == 0, started.stderr
    assert "aml reload-graph --wipe" in (home / "logs" / "up.log").read_text()
    assert set_aside(home) == earlier
    status = aml(home, "status", "--json")
    assert status.returncode == 1
    answer = json.loads(status.stdout)
    assert answer["ingestion"]["record"]["transfers"] == 1_500
    assert not answer["ready"]["ready"]

    reloaded = aml(home, "reload-graph", "--wipe")

    assert reloaded.returncode == 0, reloaded.stderr
    wait_until(lambda: is_equal(home), 60)
