"""The instance that the campaign strikes: its start, its processes, and whether it is whole."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import environ
from pathlib import Path
from time import sleep
from typing import Any, Final

import httpx

from app.errors import DependencyMissing
from app.settings import PROJECT, Settings
from embedded.home import LOCK_NAME, load_ports
from embedded.lock import is_held
from embedded.restarts import read_supervision
from embedded.urls import environment, running_supervision, running_urls

PROCESSES: Final = ("postgres", "kafka", "neo4j", "api", "consume", "work")
ENVIRONMENT: Final = {
    "AML_SILENT_SECONDS": "6",
    "AML_SESSION_TIMEOUT_SECONDS": "3",
    "AML_MIN_FREE_DISK_MB": "256",
}
"""What takes half a minute in earnest takes some seconds."""
_KEPT: Final = ("AML_CACHE_DIR", "AML_FAST_START", "AML_MAVEN_URL")
_PORTS: Final = {"PostgreSQL": "postgres", "Kafka": "kafka", "Neo4j": "neo4j_bolt", "the API": "api"}


class CampaignInstance:
    """An instance of `aml up`.

    It `needs_person` while its supervisor has been killed; `persons` counts how often one has come.
    """

    def __init__(self, home: Path, settings: Settings, variables: Mapping[str, str]) -> None:
        self.home = home
        self.settings = settings
        self._variables = variables
        self.needs_person = False
        self.persons = 0
        self._restarts = 0

    def supervisor(self) -> int | None:
        """The supervisor's process, while it lives."""
        supervision = running_supervision(self.home)
        return None if supervision is None or self.needs_person else supervision["supervisor"]

    def pid(self, name: str) -> int | None:
        """The process of this name, while it and its supervisor live."""
        supervision = running_supervision(self.home)
        pids = {each["name"]: each["pid"] for each in supervision["processes"]} if supervision else {}
        return pids.get(name)

    def ports(self) -> list[tuple[str, int]]:
        """The ports on which processes of the instance are connected, each with whose it is."""
        ports = load_ports(self.home)
        return [(name, ports[key]) for name, key in _PORTS.items()]

    def restarts(self) -> int:
        """How often a process was started again, by all supervisors."""
        supervision = read_supervision(self.home)
        now = sum(each["restarts"] for each in supervision["processes"]) if supervision else 0
        return self._restarts + now

    def mend(self) -> None:
        """What a person does: `aml up` where the supervisor was killed, and nothing else.

        Raises:
            DependencyMissing: the supervisor has ended, and nobody killed it.
        """
        if is_held(self.home / LOCK_NAME) and not self.needs_person:
            return
        if not self.needs_person:
            sleep(1)  # its file may be being replaced
            if is_held(self.home / LOCK_NAME):
                return
            raise DependencyMissing(f"The supervisor of {self.home} has ended by itself.")
        restarts = self.restarts()
        if _run(self.home, self._variables, "up", "--detach").returncode == 0:
            self._restarts, self.needs_person = restarts, False
            self.persons += 1

    def is_whole(self) -> bool:
        """Whether every process runs, and the API says that it is ready."""
        supervision = running_supervision(self.home)
        states = [each["state"] for each in supervision["processes"]] if supervision else []
        if states != ["running"] * len(PROCESSES):
            return False
        try:
            return httpx.get(f"{self.settings.api_address}/ready", timeout=3, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def answer(self, *arguments: str) -> dict[str, Any]:
        """The JSON that a command of `aml` prints, also one that ends with a finding.

        Raises:
            DependencyMissing: it prints none.
        """
        done = _run(self.home, self._variables, *arguments, "--json")
        try:
            answer: dict[str, Any] = json.loads(done.stdout)
        except ValueError as exc:
            raise _failed(arguments, done) from exc
        return answer


@contextmanager
def campaign_instance(home: Path, more: Mapping[str, str] | None = None) -> Iterator[CampaignInstance]:
    """A running instance inside the block, deleted at its end; this process has its settings meanwhile.

    `more` are variables of its processes.
    """
    before = {name: environ.pop(name) for name in list(environ) if name.startswith("AML_")}
    kept = {name: before[name] for name in _KEPT if name in before}
    variables = dict(environ) | kept | ENVIRONMENT | dict(more or {})
    try:
        started = _run(home, variables, "up", "--detach")
        if started.returncode:
            raise _failed(("up",), started)
        urls = running_urls(home)
        if urls is None:
            raise DependencyMissing(f"The instance in {home} has ended: see {home}/logs.")
        environ.update(environment(urls))
        yield CampaignInstance(home, Settings(), variables)
    finally:
        for name in [name for name in environ if name.startswith("AML_")]:
            del environ[name]
        environ.update(before)
        _run(home, variables, "down", "--wipe")


def _run(home: Path, variables: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments, "--home", str(home)],
        cwd=PROJECT,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _failed(arguments: tuple[str, ...], done: subprocess.CompletedProcess[str]) -> DependencyMissing:
    return DependencyMissing(f"`aml {' '.join(arguments)}` ended with {done.returncode}: {done.stderr}")
