"""The servers as docker-compose.yml describes them: the one place of their images and settings."""

import os
import re
import shlex
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

from app.settings import PROJECT

COMPOSE = PROJECT / "docker-compose.yml"
SERVERS = ("postgres", "neo4j", "kafka")
_VARIABLE = re.compile(r"\$\{([A-Z_0-9]+):-([^}]*)\}")


@dataclass(frozen=True)
class Service:
    """One server of the stack, variables filled in."""

    image: str
    environment: dict[str, str]
    command: list[str]


def compose() -> dict[str, Any]:
    """The whole file as it is written, anchors followed."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(COMPOSE)
    return document


def service(name: str) -> Service:
    """One service; secrets that it reads from files are left out."""
    written = compose()["services"][name]
    return Service(
        image=filled(written["image"]),
        environment={
            key: filled(str(value))
            for key, value in written.get("environment", {}).items()
            if not key.endswith("_FILE")
        },
        command=shlex.split(written.get("command", "")),
    )


def filled(written: str) -> str:
    """`${NAME:-default}` as compose fills it in: the variable unless it is unset or empty."""
    return _VARIABLE.sub(lambda found: os.environ.get(found[1]) or found[2], written)
