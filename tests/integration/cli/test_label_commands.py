"""The label commands against a record: importing twice, replacing, listing, history, removing."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidInput, NotFound
from tests.support.commands import aml, aml_json

pytestmark = pytest.mark.usefixtures("commands")
ETH, OTHER = "0x" + "ab" * 20, "0x" + "cd" * 20
BTC = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"


def imported(added: int, unchanged: int = 0, delisted: int = 0, **skipped: int) -> dict[str, Any]:
    counts = {"added": added, "unchanged": unchanged, "updated": 0, "removed": 0, "delisted": delisted}
    return {**counts, "skipped": skipped}


def import_json(*arguments: object) -> dict[str, Any]:
    """What importing labels answers, without the names of what is no label."""
    answer = aml_json("import", "labels", *arguments)
    assert answer.pop("labels") == answer["added"] + answer["unchanged"] + answer["updated"]
    assert sum(answer["skipped"].values()) == len(answer.pop("unusable"))
    assert answer.pop("unreadable") == []
    return dict(answer)


@pytest.fixture
def sdn(tmp_path: Path) -> Path:
    folder = tmp_path / "sdn"
    folder.mkdir()
    (folder / "sanctioned_addresses_ETH.txt").write_text(f"{ETH}\n{OTHER}\nnonsense\n")
    (folder / "sanctioned_addresses_XBT.txt").write_text(BTC)
    return folder


def test_importing_a_list_again_changes_nothing_and_a_newer_one_can_replace_it(sdn: Path) -> None:
    importing = (sdn, "--format", "ofac")
    assert import_json(*importing) == imported(3, bad_address=1)
    assert import_json(*importing) == imported(0, unchanged=3, bad_address=1)
    (sdn / "sanctioned_addresses_ETH.txt").write_text(ETH)
    assert import_json(*importing) == imported(0, unchanged=2)
    assert aml_json("labels", "list")["total"] == 3
    with pytest.raises(InvalidInput, match=r"1 of 3 labels of OFAC.*--allow-shrink"):
        aml("import", "labels", *importing, "--replace")
    assert import_json(*importing, "--replace", "--allow-shrink") == imported(0, unchanged=2, delisted=1)
    assert import_json(*importing, "--replace") == imported(0, unchanged=2)
    listed, delisted = aml_json("labels", "history", OTHER)["labels"]
    assert (listed["valid_to"], delisted["removed_at"]) == (None, None)
    assert listed["removed_at"] == delisted["recorded_at"] == delisted["valid_to"]


def test_the_list_tells_which_label_speaks(sdn: Path, tmp_path: Path) -> None:
    pack = tmp_path / "pack.yaml"
    pack.write_text(
        f"title: A pack\ncurrency: ETH\ntags:\n- {{address: {ETH}, label: Shop, category: service}}\n"
        f"- {{address: {OTHER}, label: '[bold]Mixer', category: mixing_service, network: polygon}}\n"
    )
    aml_json("import", "labels", sdn, "--format", "ofac")
    assert import_json(pack, "--format", "tagpack") == imported(2)

    found = aml_json("labels", "list", "--wallet", ETH.upper().replace("X", "x"))
    assert [(each["source"], each["effective"]) for each in found["labels"]] == [
        ("A pack", False), ("OFAC SDN", True),
    ]  # fmt: skip
    assert aml_json("labels", "list", "--wallet", OTHER)["total"] == 2
    (mixer,) = aml_json("labels", "list", "--wallet", f"polygon:{OTHER}")["labels"]
    assert (mixer["category"], mixer["confidence"], mixer["effective"]) == ("mixer", 5, True)
    assert aml_json("labels", "list", "--source", "A pack", "--category", "service")["total"] == 1
    limited = aml_json("labels", "list", "--limit", "1")
    assert (limited["total"], len(limited["labels"])) == (5, 1)
    assert aml_json("labels", "list", "--wallet", "0x" + "00" * 20) == {"total": 0, "labels": []}

    assert "[bold]Mixer" in aml("labels", "list", "--source", "A pack")


def test_what_is_removed_stays_in_the_history(sdn: Path) -> None:
    aml_json("import", "labels", sdn, "--format", "ofac")
    removing = ("labels", "remove", "--source", "OFAC SDN", "--address")
    assert aml_json(*removing, f"ethereum:{ETH}") == {"removed": 1}
    assert aml_json(*removing, ETH) == {"removed": 0}
    assert aml_json("labels", "list", "--wallet", ETH)["total"] == 0
    aml_json("import", "labels", sdn, "--format", "ofac")
    history = aml_json("labels", "history", ETH)["labels"]
    assert [label["removed_at"] is None for label in history] == [False, True]
    assert aml("labels", "history", ETH).count("OFAC SDN") >= 2


def test_wallets_that_say_nothing_are_told_apart_from_what_is_no_wallet() -> None:
    with pytest.raises(NotFound, match="No label of"):
        aml_json("labels", "history", ETH)
    for reference in ("nonsense", "ethereum:nonsense", "moon:0x01"):
        with pytest.raises(InvalidInput, match="address"):
            aml_json("labels", "history", reference)
        with pytest.raises(InvalidInput, match="address"):
            aml_json("labels", "list", "--wallet", reference)
    with pytest.raises(InvalidInput, match="which labels"):
        aml_json("labels", "remove")


def test_a_damaged_file_changes_nothing_and_stops_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "packs"
    folder.mkdir()
    (folder / "a.yaml").write_text(f"title: t\ncurrency: ETH\ntags: [{{address: {ETH}, label: l}}]\n")
    (folder / "b.yaml").write_text("title: t\ntags: [\n")
    with pytest.raises(InvalidInput, match=r"b\.yaml:\d"):
        aml_json("import", "labels", folder / "b.yaml")
    with pytest.raises(InvalidInput, match=r"b\.yaml:\d.*Nothing was imported"):
        aml_json("import", "labels", folder, "--replace")
    assert aml_json("labels", "list")["total"] == 0
    with pytest.raises(InvalidInput, match="1 files could not be read; the others were imported"):
        aml_json("import", "labels", folder)
    assert aml_json("labels", "list")["total"] == 1


def test_a_plain_list_takes_what_it_lacks_from_options_and_comes_out_again(tmp_path: Path) -> None:
    name = '=HYPERLINK("x") <b> \u202e'
    plain = tmp_path / "frozen.json"
    plain.write_text(json.dumps([{"address": ETH, "name": name}, {"address": "nonsense"}]))
    options = ("--chain", "ETH", "--category", "scam", "--source", "Issuer")
    with pytest.raises(InvalidInput, match="--chain"):
        aml_json("import", "labels", plain)
    checked = aml_json("import", "labels", plain, *options, "--dry-run")
    assert (checked["labels"], checked["skipped"]) == (1, {"bad_address": 1})
    assert aml_json("labels", "list")["total"] == 0
    assert import_json(plain, *options) == imported(1, bad_address=1)
    assert aml_json("export", "labels", tmp_path / "out.csv")["labels"] == 1
    assert import_json(tmp_path / "out.csv") == imported(0, unchanged=1)
    assert aml_json("export", "labels", tmp_path / "packs", "--format", "tagpack")["labels"] == 1
    (label,) = aml_json("labels", "list")["labels"]
    assert label["name"].startswith('=HYPERLINK("x") <b>')
    assert "\u202e" not in aml("labels", "list")


def test_a_label_of_a_chain_without_transfers_is_looked_up(tmp_path: Path) -> None:
    stellar = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"
    (tmp_path / "sanctioned_addresses_XLM.txt").write_text(stellar)
    assert import_json(tmp_path) == imported(1)
    for reference in (stellar, f"stellar:{stellar}"):
        (label,) = aml_json("labels", "list", "--wallet", reference)["labels"]
        assert (label["chain"], label["category"], label["effective"]) == ("stellar", "sanctioned", True)
