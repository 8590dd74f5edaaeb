"""A person is told addresses that open: in a container these are not the ones that commands use."""

from io import StringIO
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from app.cli.instance import access
from app.cli.output.status_tables import servers_table
from app.settings import Settings


def inside(pages_url: str | None) -> Settings:
    """Settings of a command in a container of the stack."""
    return Settings(
        postgres_url=SecretStr("postgresql://aml:secret@postgres:5432/aml"),
        neo4j_url="bolt://neo4j:7687",
        neo4j_password=SecretStr("secret"),
        kafka_bootstrap_servers="kafka:9092",
        api_url="http://api:8000",
        pages_url=pages_url,
    )


def test_the_pages_are_where_the_host_reaches_them(tmp_path: Path) -> None:
    settings = inside("http://127.0.0.1:8001/")
    assert settings.api_address == "http://api:8000"
    assert settings.pages_address == "http://127.0.0.1:8001"
    addresses = access(settings, tmp_path)
    assert (addresses["pages"], addresses["api_docs"]) == (
        "http://127.0.0.1:8001",
        "http://127.0.0.1:8001/docs",
    )
    console = Console(width=200, record=True, file=StringIO())
    console.print(servers_table(settings, {}))
    printed = console.export_text()
    assert "http://127.0.0.1:8001" in printed
    assert "http://api:8000" not in printed
    assert str(tmp_path) not in printed


def test_without_another_address_they_are_where_the_api_is() -> None:
    assert inside(None).pages_address == "http://api:8000"
