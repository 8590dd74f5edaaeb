"""A standalone cluster: the same run, and runs whose workers, driver or network fail at random moments.

`AML_SPARK_KILLS=30` (`make test-spark`) is the long form.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from app.errors import DependencyMissing
from app.operations.runs import score as score_by_settings
from app.settings import Settings
from app.spark.options import SparkOptions
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import story
from tests.support.record import ask, ignore, label, score, write
from tests.support.spark.cluster import JAVA_HOMES, LOST_AFTER_SECONDS, Cluster
from tests.support.spark.runs import assert_equal_runs

KILLS = int(os.environ.get("AML_SPARK_KILLS", "0"))
pytestmark = [
    pytest.mark.skipif(find_spec("pyspark") is None, reason="the extra `spark` is not installed"),
    pytest.mark.skipif(not KILLS, reason="takes minutes: `make test-spark`"),
    pytest.mark.skipif(not JAVA_HOMES, reason="Debian's openjdk-17-jre-headless is not installed"),
]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A master and two workers."""
    cluster = Cluster(tmp_path / "cluster")
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def told(postgres: Postgres) -> int:
    """A story, and the run of it by the ledger engine."""
    simulated = story(11, transfers=3_000)
    write(postgres, simulated.transfers)
    for one in simulated.labels:
        label(postgres, one.address, one.category, chain=one.chain)
    return score(postgres)


@pytest.fixture
def options(cluster: Cluster, tmp_path: Path) -> SparkOptions:
    """How the cluster is reached."""
    return SparkOptions(cluster.master, str(tmp_path / "shared folder"))


def test_whatever_fails_a_run_ends_right_or_publishes_nothing(  # noqa: PLR0917 - fixtures
    settings: Settings,
    postgres: Postgres,
    graph: Graph,
    told: int,
    cluster: Cluster,
    options: SparkOptions,
) -> None:
    began = time.monotonic()
    run_id = score_by_settings(postgres, graph, settings, "spark", ignore, spark=options)
    whole = time.monotonic() - began
    assert_equal_runs(postgres, told, run_id)
    assert options.folder is not None
    assert list(Path(options.folder).iterdir()) == []
    r = random.Random(4)
    ended = {"right": 0, "failed": 0}
    faults = [fail_worker, fail_executors, fail_driver, cut_network]
    for number in range(KILLS):
        published = ask(postgres, "SELECT run_id FROM published_run")
        fault = faults[number % len(faults)] if number < len(faults) else r.choice(faults)
        thread = threading.Timer(whole * (0.2 + 0.6 * r.random()), fault, [cluster, r])
        thread.start()
        try:
            run_id = score_by_settings(postgres, graph, settings, "spark", ignore, spark=options)
            ended["right"] += 1
            assert_equal_runs(postgres, told, run_id)
        except DependencyMissing as exc:
            ended["failed"] += 1
            assert "nothing was published" in str(exc)  # noqa: PT017 - either end is right
            assert ask(postgres, "SELECT run_id FROM published_run") == published
            last = ask(postgres, "SELECT status FROM scoring_runs ORDER BY run_id DESC LIMIT 1")
            assert last == "failed"
            newest = ask(postgres, "SELECT coalesce(max(run_id), 0) FROM risk_scores")
            assert newest <= published
        thread.join()
        cluster.start()
    assert sum(ended.values()) == KILLS


def fail_worker(cluster: Cluster, r: random.Random) -> None:
    cluster.kill(r.choice(cluster.workers()))


def fail_executors(cluster: Cluster, r: random.Random) -> None:
    cluster.kill_executors(r.choice(cluster.workers()))


def cut_network(cluster: Cluster, r: random.Random) -> None:
    cluster.freeze(r.choice(cluster.workers()), LOST_AFTER_SECONDS * 1.3)


def fail_driver(_cluster: Cluster, _r: random.Random) -> None:
    for each in psutil.Process().children():
        with suppress(psutil.Error):  # it ends meanwhile
            if "app.spark.driver" in " ".join(each.cmdline()):
                os.kill(each.pid, signal.SIGKILL)
