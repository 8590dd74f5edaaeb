"""`aml openapi`: the API's description as a file, so that reviews show how it changes."""

import json
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from app.cli.output.terminal import writing
from app.settings import Settings
from ingest.contract.documents import DOCUMENTS


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(rich_help_panel="Containers and documents")(openapi)


def openapi(
    out: Annotated[Path | None, typer.Option(help="File to write it to, instead of printing it.")] = None,
    contract: Annotated[
        Path | None, typer.Option(help="Folder for the messages' JSON Schemas and AsyncAPI, besides.")
    ] = None,
) -> None:
    """Print the API's OpenAPI document; needs no server.

    Example: aml openapi --out docs/openapi.json
    """
    text = document()
    if out is None:
        typer.echo(text, nl=False)
        return
    with writing(out):
        out.write_text(text)
        if contract is not None:
            for name, content in contract_documents().items():
                (contract / f"{name}.json").write_text(content)


def contract_documents() -> dict[str, str]:
    """The contract of the messages as JSON, by name."""
    return {name: json.dumps(content, indent=1) + "\n" for name, content in DOCUMENTS.items()}


def document() -> str:
    """The document as JSON. The application is created but connects to nothing."""
    from app.server.application import create_app  # noqa: PLC0415 - other commands start faster without it
    from app.stores.graph import Graph  # noqa: PLC0415 - likewise
    from app.stores.postgres import Postgres  # noqa: PLC0415 - likewise

    nowhere = SecretStr("postgresql://nowhere/aml")
    settings = Settings(
        postgres_url=nowhere,
        neo4j_url="bolt://nowhere",
        neo4j_password=nowhere,
        kafka_bootstrap_servers="nowhere",
        api_token=nowhere,
    )
    graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
    postgres = Postgres(settings.postgres_url)
    try:
        text = json.dumps(create_app(settings, postgres, graph).openapi(), indent=1) + "\n"
    finally:
        graph.close()
        postgres.close()
    return text
