"""Random, overlapping faults on an instance under load, without a person, and what became of each message."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic, sleep
from typing import Any

import httpx
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.errors import AmlError, DependencyMissing
from app.settings import PROJECT, Settings
from app.stores.postgres import Postgres
from bench.fault_kinds import PROCESSES, Attack
from bench.fault_load import Load
from embedded.urls import environment, running_supervision, running_urls

log = structlog.get_logger()

RECOVERY_SECONDS = 400.0
"""A campaign in which the instance is not back by then has failed."""
SILENT_SECONDS = "4"
_ARRIVED = text(
    "SELECT count(*) FROM transactions t JOIN batches b USING (batch_id)"
    " WHERE t.transaction_hash = ANY(:hashes) AND b.projected_at IS NOT NULL"
)
_RECORDED = text("SELECT transaction_hash, amount FROM transactions")
_HOLES = text("SELECT reason, count(*) AS number FROM holes GROUP BY reason")


def run(faults: int, *, seed: int, rate: float) -> dict[str, Any]:
    """The figures of a campaign; up to three faults overlap before the instance is waited for."""
    random = Random(seed)  # noqa: S311 - a seed that anybody can repeat
    done: list[str] = []
    seconds: list[float] = []
    with _instance() as (home, settings):
        load, attack = Load(settings, rate), Attack(home, settings, random)
        postgres = Postgres(settings.postgres_url)
        try:
            with load.running():
                while len(done) < faults:
                    together = []
                    for _ in range(min(random.randint(1, 3), faults - len(done))):
                        together.append(attack.strike())
                        sleep(random.uniform(0, 3))
                    seconds.append(_await_recovery(home, settings, postgres, load))
                    done += together
                    log.info("recovered", faults=together, seconds=round(seconds[-1], 1), of=len(done))
            _await_recovery(home, settings, postgres, load)
            figures = _account(postgres, load, attack.topics_deleted)
        finally:
            postgres.close()
        supervision = running_supervision(home)
        return {
            "faults": len(done),
            "seed": seed,
            "median_seconds": round(median(seconds), 1),
            "most_seconds": round(max(seconds), 1),
            "restarts": sum(each["restarts"] for each in supervision["processes"]) if supervision else None,
            **figures,
            "graph_equal": _aml(home, "reconcile", "--json")["equal"],
            "by_kind": [{"fault": kind, "times": done.count(kind)} for kind in sorted(set(done))],
        }


@contextmanager
def _instance() -> Iterator[tuple[Path, Settings]]:
    before = {name: environ.pop(name) for name in list(environ) if name.startswith("AML_")}
    kept = {name: before[name] for name in ("AML_CACHE_DIR", "AML_FAST_START") if name in before}
    environ.update(kept | {"AML_SILENT_SECONDS": SILENT_SECONDS, "AML_SESSION_TIMEOUT_SECONDS": "3"})
    with tempfile.TemporaryDirectory(prefix="aml-faults-") as folder:
        home = Path(folder) / "home"
        try:
            _command(home, "up", "--detach")
            urls = running_urls(home)
            if urls is None:
                raise DependencyMissing(f"The instance in {home} has ended: see {home}/logs.")
            environ.update(environment(urls))
            yield home, Settings()
        finally:
            for name in [name for name in environ if name.startswith("AML_")]:
                del environ[name]
            environ.update(before)
            _command(home, "down", "--wipe")


def _await_recovery(home: Path, settings: Settings, postgres: Postgres, load: Load) -> float:
    """The seconds until all processes run and answer, and a new transfer is in both stores."""
    began = monotonic()
    deadline = began + RECOVERY_SECONDS
    probe = load.send(1, deadline)
    while not (_arrived(postgres, probe) and _answers(home, settings)):
        if monotonic() > deadline:
            raise DependencyMissing(f"The instance in {home} did not come back: {running_supervision(home)}")
        sleep(0.2)
        if monotonic() - began > len(probe) * 15:  # its topic may have been deleted with it
            probe += load.send(1, deadline)
    return monotonic() - began


def _arrived(postgres: Postgres, hashes: list[str]) -> bool:
    try:
        with postgres.transaction() as connection:
            return bool(connection.execute(_ARRIVED, {"hashes": hashes[-1:]}).scalar_one())
    except (AmlError, DBAPIError):
        return False


def _answers(home: Path, settings: Settings) -> bool:
    supervision = running_supervision(home)
    if supervision is None or [each["state"] for each in supervision["processes"]] != ["running"] * len(
        PROCESSES
    ):
        return False
    try:
        ready = httpx.get(f"{settings.api_address}/ready", timeout=3, trust_env=False)
    except httpx.HTTPError:
        return False
    return ready.is_success


def _account(postgres: Postgres, load: Load, topics_deleted: list[float]) -> dict[str, Any]:
    """What became of every acknowledged transfer. One may be lost only with a topic, and with a hole told."""
    with postgres.transaction() as connection:
        recorded = {row.transaction_hash: int(row.amount) for row in connection.execute(_RECORDED)}
        holes = {row.reason: int(row.number) for row in connection.execute(_HOLES)}
    absent = [moment for name, moment in load.acknowledged.items() if name not in recorded]
    last_deletion = max(topics_deleted, default=0.0)
    excused = sum(moment <= last_deletion for moment in absent) if "topic_made_anew" in holes else 0
    return {
        "acknowledged": len(load.acknowledged),
        "recorded": len(recorded),
        "in_a_hole": excused,
        "lost": len(absent) - excused,
        "differing": sum(recorded[name] != load.amounts[name] for name in load.amounts if name in recorded),
        "holes": sum(holes.values()),
        "topics_deleted": len(topics_deleted),
    }


def _command(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments, "--home", str(home)],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DependencyMissing(f"`aml {' '.join(arguments)}` ended with {done.returncode}: {done.stderr}")
    return done.stdout


def _aml(home: Path, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_command(home, *arguments))
    return answer
