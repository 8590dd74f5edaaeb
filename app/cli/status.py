"""`aml status`: what runs where, how far ingestion is, and the last scoring run; asks the API for it."""

from pathlib import Path
from typing import Any

import httpx
import typer

from app.cli.output.status_tables import ingestion_table, servers_table
from app.cli.output.terminal import DEFAULT_HOME, HomeOption, JsonOption, load_settings, print_json, stdout
from app.errors import DependencyMissing, NotReady
from app.operations.status_answer import IngestionStatus
from app.settings import Settings
from embedded.home import is_home

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
        raise NotReady(f"{stopped_sentence(home)} Start it with `aml up`.") from exc
    ready, ingestion = _ask(settings)
    known = "partitions" in ingestion  # else a problem: the record does not answer, or the token is wrong
    if as_json:
        print_json({"ready": ready, "ingestion": ingestion})
    else:
        stdout.print(servers_table(settings, ready))
        if known:
            stdout.print(ingestion_table(IngestionStatus.model_validate(ingestion)))
    if not known:
        raise NotReady(f"The state of ingestion is not known: {ingestion.get('detail')}")
    if not ready.get("ready"):
        raise NotReady("Not everything answers.")


def stopped_sentence(home: Path) -> str:
    """Whether a folder without running servers holds a stopped instance or none."""
    return f"The instance in {home} is stopped." if is_home(home) else f"There is no instance in {home}."


def authorization(settings: Settings) -> dict[str, str]:
    """The header that the API asks for."""
    token = settings.api_token
    return {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}


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
