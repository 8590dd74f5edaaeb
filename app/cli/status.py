"""`aml status`: what runs where, how far ingestion is, and the last scoring run; asks the API for it."""

from pathlib import Path
from typing import Any

import httpx
import typer

from app.cli.output.status_tables import ingestion_table, processes_table, servers_table
from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    authorization,
    load_settings,
    print_json,
    stdout,
)
from app.errors import DependencyMissing, NotReady
from app.operations.status_answer import IngestionStatus
from app.settings import Settings
from embedded.restarts import Supervision
from embedded.urls import running_supervision, running_urls

API_SECONDS = 10.0


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(rich_help_panel="An instance")(status)


def status(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show what runs where, how far ingestion is, and the last run; exit code 1 if a server does not answer.

    Example: aml status --json
    """
    try:
        settings = load_settings(home)
    except DependencyMissing as exc:
        raise NotReady(str(exc)) from exc
    supervision = _supervision(home, settings)
    try:
        ready, ingestion = _ask(settings)
    except DependencyMissing:
        if as_json:
            print_json({"ready": None, "ingestion": None, "supervision": supervision})
        elif supervision is not None:
            stdout.print(processes_table(supervision))
        raise
    known = "partitions" in ingestion  # else a problem: the record does not answer, or the token is wrong
    if as_json:
        print_json({"ready": ready, "ingestion": ingestion, "supervision": supervision})
    else:
        stdout.print(servers_table(settings, ready))
        if supervision is not None:
            stdout.print(processes_table(supervision))
        if known:
            stdout.print(ingestion_table(IngestionStatus.model_validate(ingestion)))
    if not known:
        raise NotReady(f"The state of ingestion is not known: {ingestion.get('detail')}")
    if not ready.get("ready"):
        raise NotReady("Not everything answers.")


def _supervision(home: Path, settings: Settings) -> Supervision | None:
    """What the supervisor of the home says, if the settings are of that home's servers."""
    urls = running_urls(home)
    is_its = urls is not None and urls.postgres == settings.postgres_url.get_secret_value()
    return running_supervision(home) if is_its else None


def _ask(settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the API says about its servers and about ingestion.

    Raises:
        DependencyMissing: the API does not answer.
    """
    url = settings.api_address
    try:
        with httpx.Client(
            base_url=url, headers=authorization(settings), timeout=API_SECONDS, trust_env=False
        ) as client:
            return client.get("/ready").json(), client.get("/ingestion/status").json()
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise DependencyMissing(
            f"The API at {url} does not answer. Start it with `aml up` or `aml api`."
        ) from exc
    except ValueError as exc:
        raise DependencyMissing(f"What answers at {url} is not the API of `aml`: see AML_API_URL.") from exc
