"""`docker compose` on a project of its own: other names, other ports, the same file."""

import json
import os
import re
import socket
import subprocess
from typing import Any
from uuid import uuid4

from app.settings import PROJECT
from tests.support.ingesting import wait_until

PORTS = ("API_PORT", "NEO4J_HTTP_PORT", "NEO4J_BOLT_PORT", "POSTGRES_PORT", "KAFKA_PORT")
LIMIT_SECONDS = 1_200
ARRIVAL_SECONDS = 300
DIGESTS = """
import json
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.projection.proof import prove
from app.settings import settings
given = settings()
postgres = Postgres(given.postgres_url)
graph = Graph(given.neo4j_url, given.neo4j_user, given.neo4j_password)
proof = prove(postgres, graph)
print(json.dumps([proof.record.digest, proof.graph.digest]))
graph.close()
postgres.close()
"""


class Stack:
    """One project of docker-compose.yml."""

    def __init__(self) -> None:
        self._name = f"aml-test-{uuid4().hex[:8]}"
        self._environment = {
            **{
                name: value for name, value in os.environ.items() if not name.startswith(("AML_", "COMPOSE_"))
            },
            **{name: str(port) for name, port in zip(PORTS, _free_ports(len(PORTS)), strict=True)},
        }

    def compose(
        self, *arguments: str, check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs `docker compose` on this project, with variables as its user would set them."""
        done = subprocess.run(
            ["docker", "compose", "--file", "docker-compose.yml", "--project-name", self._name, *arguments],
            cwd=PROJECT,
            env=self._environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done

    def execute(self, service: str, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command in a service's container, as `docker compose exec` does."""
        return self.compose("exec", "--no-TTY", service, *command, check=check)

    def running(self) -> dict[str, dict[str, Any]]:
        """The containers that run, by service, as the engine describes them."""
        names = self.compose("ps", "--quiet").stdout.split()
        done = subprocess.run(
            ["docker", "inspect", *names], capture_output=True, text=True, timeout=60, check=True
        )
        return {
            each["Config"]["Labels"]["com.docker.compose.service"]: each for each in json.loads(done.stdout)
        }

    def health(self) -> dict[str, str | None]:
        """Of the containers that run, by service."""
        return {name: each["State"].get("Health", {}).get("Status") for name, each in self.running().items()}

    def answer_to(self, token: str) -> int:
        """The API's status code to whoever comes with that token."""
        ask = f"""
from urllib.error import HTTPError
from urllib.request import Request, urlopen
request = Request("http://api:8000/ingestion/status", headers={{"Authorization": "Bearer {token}"}})
try:
    print(urlopen(request).status)
except HTTPError as error:
    print(error.code)
"""
        return int(self.execute("consumer", "python", "-c", ask).stdout)

    def port(self, service: str, inside: int) -> str:
        """Where this machine reaches a port of a service."""
        return self.compose("port", service, str(inside)).stdout.strip().rpartition(":")[2]

    def left(self) -> dict[str, set[str]]:
        """Names of all containers, volumes and networks of this project that the engine has."""
        label = f"label=com.docker.compose.project={self._name}"
        asked = {
            "containers": ["ps", "--all", "--format", "{{.Names}}"],
            "volumes": ["volume", "ls", "--format", "{{.Name}}"],
            "networks": ["network", "ls", "--format", "{{.Name}}"],
        }
        return {kind: _listed(*words, "--filter", label) for kind, words in asked.items()}

    def has_images(self, *services: str) -> bool:
        """Whether the images of servers are there or can be fetched."""
        pull = ("--profile", "*", "pull", "--policy", "missing", *services)
        return self.compose(*pull, check=False).returncode == 0

    def digests(self) -> list[str]:
        """Of the record and of the graph."""
        answer: list[str] = json.loads(self.execute("api", "python", "-c", DIGESTS).stdout)
        return answer

    def await_arrival(self) -> None:
        """Returns when every message is in the record and in the graph."""

        def arrived() -> bool:
            asked = self.execute("api", "aml", "status", "--json", check=False)
            if asked.returncode:
                return False
            ingestion = json.loads(asked.stdout)["ingestion"]
            return ingestion["lag"] == 0 and not ingestion["graph"]["behind_batches"]

        wait_until(arrived, ARRIVAL_SECONDS)


def unnamed_volumes() -> set[str]:
    """Every volume of the engine that nobody gave a name."""
    names = _listed("volume", "ls", "--format", "{{.Name}}")
    return {name for name in names if re.fullmatch("[0-9a-f]{64}", name)}


def _listed(*words: str) -> set[str]:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
