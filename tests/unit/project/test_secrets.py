"""The passwords of a stack of containers: made once, kept, and read from files."""

import os
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.cli.setup.secrets import GRAFANA, choose_secrets, secret_files
from app.errors import InvalidInput
from app.settings import Settings


def test_each_is_generated_once_and_kept(tmp_path: Path) -> None:
    first = choose_secrets(tmp_path, {})
    assert choose_secrets(tmp_path, {"POSTGRES_PASSWORD": ""}) == first
    assert len({*asdict(first).values()}) == len(asdict(first)) == 8
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_what_is_given_is_taken_and_a_token_may_change_later(tmp_path: Path) -> None:
    given = {"POSTGRES_PASSWORD": "of-my-own-choice", "NEO4J_PASSWORD": "another-of-mine"}
    first = choose_secrets(tmp_path, given)
    assert (first.postgres, first.neo4j) == ("of-my-own-choice", "another-of-mine")
    mine = {"AML_API_TOKEN": "a-token-of-mine"}
    later = choose_secrets(tmp_path, given | mine)
    assert later.api_token == mine["AML_API_TOKEN"]
    assert choose_secrets(tmp_path, {}) == later


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "NEO4J_PASSWORD"])
def test_a_servers_password_cannot_change_under_its_data(tmp_path: Path, name: str) -> None:
    first = choose_secrets(tmp_path, {})
    with pytest.raises(InvalidInput, match=f"{name} is not the password"):
        choose_secrets(tmp_path, {name: "something-else"})
    assert choose_secrets(tmp_path, {}) == first


@pytest.mark.parametrize("bad", ["short", "with a space in it", "slash/slash/slash", "quote'quote'quote"])
def test_what_a_url_or_a_server_would_misread_is_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(InvalidInput, match="NEO4J_PASSWORD must be"):
        choose_secrets(tmp_path, {"NEO4J_PASSWORD": bad})
    assert not (tmp_path / "secrets.json").exists()


def test_the_settings_read_the_files_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CliRunner().invoke(app, ["secrets", str(tmp_path)]).exit_code == 0
    grafana = (tmp_path / GRAFANA).read_text()
    assert CliRunner().invoke(app, ["secrets", str(tmp_path)]).exit_code == 0
    assert (tmp_path / GRAFANA).read_text() == grafana
    secrets = choose_secrets(tmp_path / "aml", {})
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {
        *secret_files(secrets),
        GRAFANA,
        "aml/secrets.json",
    }
    folders = os.pathsep.join((str(tmp_path / "aml"), str(tmp_path / "admin")))
    monkeypatch.setenv("AML_SECRETS_DIR", folders)
    monkeypatch.setenv("AML_NEO4J_URL", "bolt://neo4j:7687")
    monkeypatch.setenv("AML_KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("AML_API_TOKEN", "")
    settings = Settings()
    assert settings.kafka_password is not None
    assert settings.kafka_password.get_secret_value() == secrets.kafka
    assert settings.kafka_admin_password is not None
    assert settings.kafka_admin_password.get_secret_value() == secrets.kafka_admin
    assert settings.neo4j_password.get_secret_value() == secrets.neo4j
    assert f":{secrets.postgres}@postgres:" in settings.postgres_url.get_secret_value()
    assert settings.api_token is not None
    assert settings.api_token.get_secret_value() == secrets.api_token
    monkeypatch.setenv("AML_API_TOKEN", "from-the-environment")
    token = Settings().api_token
    assert token is not None
    assert token.get_secret_value() == "from-the-environment"
