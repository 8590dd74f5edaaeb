"""The servers as docker-compose.yml describes them: the one place of their images and settings."""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from app.settings import PROJECT

COMPOSE = PROJECT / "docker-compose.yml"
DEVELOPMENT = PROJECT / "compose.dev.yml"
SERVERS = ("postgres", "neo4j", "kafka")
RESET = object()
_VARIABLE = re.compile(r"\$\{([A-Z_0-9]+):-([^}]*)\}")


@dataclass(frozen=True)
class Service:
    """One server of the stack, variables filled in."""

    image: str
    environment: dict[str, str]
    command: list[str]


def compose(file: Path = COMPOSE) -> dict[str, Any]:
    """The whole file as it is written, anchors followed; what it resets is `RESET`."""
    document: dict[str, Any] = _yaml().load(file)
    return document


def development() -> dict[str, Any]:
    """What compose.dev.yml makes of docker-compose.yml: mappings merged, `!reset` taken away."""
    merged: dict[str, Any] = _merged(compose(), compose(DEVELOPMENT))
    return merged


def resolved(*files: Path) -> dict[str, Any] | None:
    """The files as `docker compose config` reads them, every profile active; None without its client."""
    if shutil.which("docker") is None or not _has_compose():
        return None
    named = [part for file in files for part in ("--file", str(file))]
    done = subprocess.run(
        ["docker", "compose", *named, "--profile", "*", "config", "--format", "json"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _has_compose() -> bool:
    """Whether the client has the plugin: without it `docker compose` takes no option of its own."""
    version = subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=60, check=False)
    return version.returncode == 0


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("!reset", lambda *_: RESET)
    return yaml


def _merged(base: Any, over: Any) -> Any:  # noqa: ANN401 - any part of a YAML document
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    both = {key: _merged(base.get(key), value) for key, value in over.items()}
    return {key: value for key, value in (base | both).items() if value is not RESET}


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
