"""What a stack of containers needs once before it starts: its passwords and its topics."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated

import typer

from app.cli.terminal import DEFAULT_HOME, HomeOption, configure, stderr
from app.errors import InvalidInput
from embedded.home import Secrets, load_secrets, save_secrets
from ingest.kafka.topics import ensure_topics

GIVEN = {"postgres": "POSTGRES_PASSWORD", "neo4j": "NEO4J_PASSWORD", "api_token": "AML_API_TOKEN"}
OURS = "aml"
GRAFANA = "monitoring/grafana_password"
PASSWORD = re.compile(r"[A-Za-z0-9_.~-]{12,200}")
READABLE = 0o444
"""Each server reads under a user of its own; who sees a folder at all is decided by who mounts it."""


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(topics)
    app.command("secrets")(write_secrets)


def topics(home: HomeOption = DEFAULT_HOME) -> None:
    """Create the topics of transfers and of refused messages if they are not there.

    Example: aml topics
    """
    ensure_topics(configure(home))


def write_secrets(
    folder: Annotated[Path, typer.Argument(help="Where they go: a folder in it for each who reads them.")],
) -> None:
    """Write the passwords of a stack of containers: generated the first time, kept afterwards.

    Where POSTGRES_PASSWORD, NEO4J_PASSWORD or AML_API_TOKEN are set, they are taken instead.
    Example: aml secrets /secrets
    """
    grafana = folder / GRAFANA
    written = files(chosen(folder / OURS, os.environ)) | {
        GRAFANA: grafana.read_text() if grafana.exists() else token_urlsafe(18)
    }
    for name, content in written.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.write_text(content)
        fresh.chmod(READABLE)
        fresh.replace(file)
    stderr.print(f"The passwords are in {folder}.")


def chosen(folder: Path, environment: Mapping[str, str]) -> Secrets:
    """The secrets of `folder`, and of the environment those that are given there.

    Raises:
        InvalidInput: a given one will not do, or is not the one that a server was made with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    first = not (folder / "secrets.json").exists()
    given = {name: environment[variable] for name, variable in GIVEN.items() if environment.get(variable)}
    for name, value in given.items():
        if not PASSWORD.fullmatch(value):
            raise InvalidInput(f"{GIVEN[name]} must be 12 to 200 of the characters A-Z a-z 0-9 _ . ~ -")
    kept = load_secrets(folder)
    secrets = replace(kept, **given)
    for name in ("postgres", "neo4j"):
        if not first and getattr(secrets, name) != getattr(kept, name):
            raise InvalidInput(
                f"{GIVEN[name]} is not the password that the server's data was made with. Unset it, or delete"
                ' the data and all passwords with `docker compose --profile "*" down --volumes`.'
            )
    if secrets != kept:
        save_secrets(folder, secrets)
    return secrets


def files(secrets: Secrets) -> dict[str, str]:
    """Content of each file: ours as `AML_SECRETS_DIR` wants them, the servers' as their images want them."""
    return {
        f"{OURS}/aml_postgres_url": f"postgresql+psycopg2://aml:{secrets.postgres}@postgres:5432/aml",
        f"{OURS}/aml_neo4j_password": secrets.neo4j,
        f"{OURS}/aml_api_token": secrets.api_token,
        "postgres/password": secrets.postgres,
        "neo4j/auth": f"neo4j/{secrets.neo4j}",
        "monitoring/api_token": secrets.api_token,
    }
