"""The passwords of a stack of containers: made once, a file for each reader."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated

import typer

from app.cli.output.terminal import (
    stderr,
    writing,
)
from app.cli.setup.prepare import PANEL
from app.errors import InvalidInput
from embedded.home import Secrets, load_secrets, save_secrets
from embedded.java import properties
from embedded.kafka_users import KAFKA_CONSUMER, client_settings, password_settings
from embedded.urls import ADMIN_ROLE

ENVIRONMENT_VARIABLES = {
    "postgres": "POSTGRES_PASSWORD",
    "neo4j": "NEO4J_PASSWORD",
    "api_token": "AML_API_TOKEN",
}
APPLICATION, ADMIN = "aml", "admin"
"""Folders of settings: for every command of ours, and for those that prepare the servers."""
KAFKA_LISTENERS = ("CLIENT", "HOST")
GRAFANA = "monitoring/grafana_password"
PASSWORD = re.compile(r"[A-Za-z0-9_.~-]{12,200}")
READABLE = 0o444
"""Each server reads as a user of its own; the volumes decide which containers see a folder at all."""
KAFKA_SERVER = "kafka/server.properties"
EXTENDED = 0o644
"""Kafka's image adds its variables to a copy of its file, which is writable if the file is."""


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("secrets", rich_help_panel=PANEL)(write_secrets)


def write_secrets(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; each reader gets a folder in it.")],
) -> None:
    """Write the passwords of a stack of containers: generated the first time, kept afterwards.

    POSTGRES_PASSWORD, NEO4J_PASSWORD and AML_API_TOKEN replace the generated ones where they are set.

    Example: aml secrets /secrets
    """
    with writing(folder):
        grafana = folder / GRAFANA
        contents = secret_files(choose_secrets(folder / APPLICATION, os.environ)) | {
            GRAFANA: grafana.read_text() if grafana.exists() else token_urlsafe(18)
        }
        for name, content in contents.items():
            _write(folder / name, content, EXTENDED if name == KAFKA_SERVER else READABLE)
    stderr.print(f"The passwords are in {folder}.", soft_wrap=True)


def choose_secrets(folder: Path, environment: Mapping[str, str]) -> Secrets:
    """The secrets kept in `folder`, replaced by those that the environment sets.

    Raises:
        InvalidInput: one of the environment is no password, or not the one that a server was made with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    first = not (folder / "secrets.json").exists()
    replacements = {
        name: environment[variable]
        for name, variable in ENVIRONMENT_VARIABLES.items()
        if environment.get(variable)
    }
    for name, value in replacements.items():
        if not PASSWORD.fullmatch(value):
            raise InvalidInput(
                f"{ENVIRONMENT_VARIABLES[name]} must be 12 to 200 of the characters A-Z a-z 0-9 _ . ~ -"
            )
    previous = load_secrets(folder)
    secrets = replace(previous, **replacements)
    for name in ("postgres", "neo4j"):
        if not first and getattr(secrets, name) != getattr(previous, name):
            raise InvalidInput(
                f"{ENVIRONMENT_VARIABLES[name]} is not the password that the server's data was made with."
                ' Unset it, or delete the data and all passwords with `docker compose --profile "*" down'
                " --volumes`."
            )
    if secrets != previous:
        save_secrets(folder, secrets)
    return secrets


def secret_files(secrets: Secrets) -> dict[str, str]:
    """Content by file: for the application as `AML_SECRETS_DIR` names them, for servers as images expect."""
    admin = f"postgresql+psycopg2://{ADMIN_ROLE}:{secrets.postgres_admin}@postgres:5432/postgres"
    return {
        f"{APPLICATION}/aml_postgres_url": f"postgresql+psycopg2://aml:{secrets.postgres}@postgres:5432/aml",
        f"{APPLICATION}/aml_kafka_password": secrets.kafka,
        f"{APPLICATION}/aml_kafka_producer_password": secrets.kafka_producer,
        f"{ADMIN}/aml_postgres_admin_url": admin,
        f"{ADMIN}/aml_kafka_admin_password": secrets.kafka_admin,
        f"{APPLICATION}/aml_neo4j_password": secrets.neo4j,
        f"{APPLICATION}/aml_api_token": secrets.api_token,
        "postgres/password": secrets.postgres_admin,
        KAFKA_SERVER: properties(password_settings(KAFKA_LISTENERS, secrets)),
        "kafka/client.properties": properties(client_settings(KAFKA_CONSUMER, secrets.kafka)),
        "neo4j/auth": f"neo4j/{secrets.neo4j}",
        "monitoring/api_token": secrets.api_token,
    }


def _write(file: Path, content: str, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.write_text(content)
    new.chmod(mode)
    new.replace(file)
