"""The token is changed without a moment in which nobody has the right one: the one before counts too."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.access import is_token
from app.api.security import check_settings
from app.cli.setup.token import forget, rotate
from app.errors import InUse, InvalidInput, NotFound
from app.settings import Settings
from embedded.home import load_secrets, open_home
from embedded.urls import environment, urls_of

TOKEN, BEFORE = "new-token-0123456789", "old-token-0123456789"
PORTS = {
    "postgres": 1, "kafka": 2, "neo4j_bolt": 3, "neo4j_http": 4, "api": 5, "consumer_metrics": 6,
    "worker_metrics": 7,
}  # fmt: skip


def settings(before: str | None) -> Settings:
    return Settings(
        postgres_url=SecretStr("postgresql://u:p@127.0.0.1/x"),
        neo4j_url="bolt://127.0.0.1:1",
        neo4j_password=SecretStr("x"),
        kafka_bootstrap_servers="127.0.0.1:1",
        api_token=SecretStr(TOKEN),
        api_token_before=None if before is None else SecretStr(before),
    )


def test_the_token_before_counts_where_there_is_one() -> None:
    assert is_token(settings(BEFORE), TOKEN)
    assert is_token(settings(BEFORE), BEFORE)
    assert not is_token(settings(None), BEFORE)
    assert not is_token(settings(BEFORE), "")
    with pytest.raises(InvalidInput, match="AML_API_TOKEN_BEFORE has 3 characters"):
        check_settings(settings("abc"))


def secrets_of(home: Path) -> dict[str, str]:
    kept: dict[str, str] = json.loads((home / "secrets.json").read_text())
    return kept


def test_a_home_gets_a_new_token_and_keeps_the_one_before_until_it_is_forgotten(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with pytest.raises(NotFound):
        rotate(home)
    with open_home(home):
        first = load_secrets(home)
        assert "AML_API_TOKEN_BEFORE" not in environment(urls_of(PORTS, first))
        with pytest.raises(InUse):
            rotate(home)
    rotate(home)
    kept = secrets_of(home)
    assert kept["api_token_before"] == first.api_token
    assert kept["api_token"] not in {first.api_token, ""}
    assert kept["postgres"] == first.postgres
    variables = environment(urls_of(PORTS, load_secrets(home)))
    assert variables["AML_API_TOKEN_BEFORE"] == first.api_token
    forget(home)
    assert secrets_of(home)["api_token_before"] == ""
    assert load_secrets(home).api_token == kept["api_token"]
