"""`aml env`: what a producer of one's own needs, and a password only where it is asked for."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.cli.setup.env import write_producer_files
from app.settings import Settings, settings

PASSWORD = "of-the-producer"  # noqa: S105 - of no server
VARIABLES = {
    "AML_POSTGRES_URL": "postgresql://aml:secret@nowhere/aml",
    "AML_NEO4J_URL": "bolt://nowhere",
    "AML_NEO4J_PASSWORD": "secret",
    "AML_KAFKA_BOOTSTRAP_SERVERS": "inside:9092",
    "AML_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "AML_KAFKA_USERNAME": "aml",
    "AML_KAFKA_PASSWORD": "of-the-consumer",
    "AML_KAFKA_PRODUCER_USERNAME": "producer",
    "AML_KAFKA_PRODUCER_PASSWORD": PASSWORD,
    "AML_KAFKA_PRODUCER_SERVERS": "outside:19092",
}


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()


def env(home: Path, *options: str) -> str:
    done = CliRunner().invoke(app, ["env", "--home", str(home), *options])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_it_shows_no_password_and_where_the_files_are(tmp_path: Path) -> None:
    before = json.loads(env(tmp_path, "--json"))
    assert before == {
        "brokers": "outside:19092",
        "topic": "transfers",
        "user": "producer",
        "librdkafka": None,
        "java": None,
    }
    write_producer_files(Settings(), tmp_path)
    after = json.loads(env(tmp_path, "--json"))
    for client in ("librdkafka", "java"):
        file = Path(after[client])
        assert file.parent == tmp_path.resolve()
        assert file.stat().st_mode & 0o077 == 0
        assert file.read_text() == env(tmp_path, "--producer", client)
    shown = env(tmp_path)
    assert f"librdkafka={after['librdkafka']}" in shown.splitlines()
    assert PASSWORD not in shown + json.dumps(after)


@pytest.mark.parametrize("client", ["librdkafka", "java"])
def test_a_file_names_the_producer_and_nobody_else(tmp_path: Path, client: str) -> None:
    printed = env(tmp_path, "--producer", client)
    assert PASSWORD in printed
    assert "outside:19092" in printed
    assert "of-the-consumer" not in printed
