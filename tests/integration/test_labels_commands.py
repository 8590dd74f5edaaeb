"""The label commands against a record: importing twice, replacing, listing, history, removing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import app.settings
from app.cli import app as command
from app.errors import InvalidInput, NotFound
from app.settings import Settings

ETH, OTHER = "0x" + "ab" * 20, "0x" + "cd" * 20
BTC = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The commands' own settings, which a process reads once, are those of the test's record."""
    monkeypatch.setenv("AML_POSTGRES_URL", settings.postgres_url.get_secret_value())
    monkeypatch.setenv("AML_NEO4J_URL", settings.neo4j_url)
    monkeypatch.setenv("AML_NEO4J_PASSWORD", settings.neo4j_password.get_secret_value())
    monkeypatch.setenv("AML_KAFKA_BOOTSTRAP_SERVERS", settings.kafka_bootstrap_servers)
    monkeypatch.setenv("AML_API_TOKEN", "a token for tests")
    app.settings.settings.cache_clear()
    yield
    app.settings.settings.cache_clear()


def told(*arguments: str | Path) -> Any:  # noqa: ANN401 - JSON
    result = CliRunner().invoke(command, [*map(str, arguments), "--json"])
    if result.exception is not None:
        raise result.exception
    return json.loads(result.stdout)


def imported(added: int, unchanged: int = 0, removed: int = 0, **skipped: int) -> dict[str, Any]:
    return {"added": added, "unchanged": unchanged, "updated": 0, "removed": removed, "skipped": skipped}


@pytest.fixture
def sdn(tmp_path: Path) -> Path:
    folder = tmp_path / "sdn"
    folder.mkdir()
    (folder / "sanctioned_addresses_ETH.txt").write_text(f"{ETH}\n{OTHER}\nnonsense\n")
    (folder / "sanctioned_addresses_XBT.txt").write_text(BTC)
    return folder


def test_importing_a_list_again_changes_nothing_and_a_newer_one_can_replace_it(sdn: Path) -> None:
    importing = ("import", "labels", sdn, "--format", "ofac")
    assert told(*importing) == imported(3, bad_address=1)
    assert told(*importing) == imported(0, unchanged=3, bad_address=1)
    (sdn / "sanctioned_addresses_ETH.txt").write_text(ETH)
    assert told(*importing) == imported(0, unchanged=2)
    assert told("labels", "list")["total"] == 3
    assert told(*importing, "--replace") == imported(0, unchanged=2, removed=1)
    assert told(*importing, "--replace") == imported(0, unchanged=2)
    (delisted,) = told("labels", "history", OTHER)["labels"]
    assert delisted["recorded_at"] < delisted["removed_at"]


def test_the_list_tells_which_label_speaks(sdn: Path, tmp_path: Path) -> None:
    pack = tmp_path / "pack.yaml"
    pack.write_text(
        f"title: A pack\ncurrency: ETH\ntags:\n- {{address: {ETH}, label: Shop, category: service}}\n"
        f"- {{address: {OTHER}, label: '[bold]Mixer', category: mixing_service, network: polygon}}\n"
    )
    told("import", "labels", sdn, "--format", "ofac")
    assert told("import", "labels", pack, "--format", "tagpack") == imported(2)

    found = told("labels", "list", "--wallet", ETH.upper().replace("X", "x"))
    assert [(each["source"], each["speaks"]) for each in found["labels"]] == [
        ("A pack", False), ("OFAC SDN", True),
    ]  # fmt: skip
    assert told("labels", "list", "--wallet", OTHER)["total"] == 2
    (mixer,) = told("labels", "list", "--wallet", f"polygon:{OTHER}")["labels"]
    assert (mixer["category"], mixer["confidence"], mixer["speaks"]) == ("mixer", 5, True)
    assert told("labels", "list", "--source", "A pack", "--category", "service")["total"] == 1
    limited = told("labels", "list", "--limit", "1")
    assert (limited["total"], len(limited["labels"])) == (5, 1)
    assert told("labels", "list", "--wallet", "0x" + "00" * 20) == {"total": 0, "labels": []}

    table = CliRunner().invoke(command, ["labels", "list", "--source", "A pack"], env={"COLUMNS": "200"})
    assert table.exit_code == 0
    assert "[bold]Mixer" in table.output


def test_what_is_removed_stays_in_the_history(sdn: Path) -> None:
    told("import", "labels", sdn, "--format", "ofac")
    assert told("labels", "remove", "--source", "OFAC SDN", "--address", f"ethereum:{ETH}") == {"removed": 1}
    assert told("labels", "remove", "--source", "OFAC SDN", "--address", ETH) == {"removed": 0}
    assert told("labels", "list", "--wallet", ETH)["total"] == 0
    told("import", "labels", sdn, "--format", "ofac")
    history = told("labels", "history", ETH)["labels"]
    assert [label["removed_at"] is None for label in history] == [False, True]
    shown = CliRunner().invoke(command, ["labels", "history", ETH], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert shown.output.count("OFAC SDN") >= 2


def test_wallets_that_say_nothing_are_told_apart_from_what_is_no_wallet() -> None:
    with pytest.raises(NotFound, match="No label of"):
        told("labels", "history", ETH)
    for reference in ("nonsense", "ethereum:nonsense", "moon:0x01"):
        with pytest.raises(InvalidInput, match="address"):
            told("labels", "history", reference)
        with pytest.raises(InvalidInput, match="address"):
            told("labels", "list", "--wallet", reference)
    with pytest.raises(InvalidInput, match="which labels"):
        told("labels", "remove")


def test_a_damaged_file_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "packs"
    folder.mkdir()
    (folder / "a.yaml").write_text(f"title: t\ncurrency: ETH\ntags: [{{address: {ETH}, label: l}}]\n")
    (folder / "b.yaml").write_text("title: t\ntags: [\n")
    with pytest.raises(InvalidInput, match=r"b\.yaml:\d"):
        told("import", "labels", folder, "--format", "tagpack")
    assert told("labels", "list")["total"] == 0
