"""Real files of other programs, imported into an instance: totals made by hand, each listed address named."""

import csv
import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.commands import aml_json
from tests.support.ingesting import consuming
from tests.support.record import rows
from tests.support.serving import served

pytestmark = pytest.mark.usefixtures("commands")
Totals = dict[str, tuple[int, Decimal]]
"""By `chain:asset` the number of transfers and their sum in units of the asset."""

USDT, TOKEN = (
    "ethereum:0xdac17f958d2ee523a2206206994597c13d831ec7",
    "0xf4eced2f682ce333f96f2d8966c613ded8fc95dd",
)
TRON_USDT = "tron:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
DUST = "ethereum:0x00000000000000000000000000000000000f6034"
EXPECTED: dict[str, tuple[Totals, dict[str, int]]] = {
    "etherscan_api_json": ({USDT: (2, Decimal("3167.88"))}, {}),
    "ethereum_etl_export_all": (
        {"ethereum:ETH": (6, Decimal("129.986405097751432")), f"ethereum:{TOKEN}": (2, Decimal(300_000))},
        {"zero_value": 2, "no_transaction": 2},
    ),
    # Sent: 64.66, 1.1, 100 and 0.44; a self-destruct 0.05. One ran out of gas, one ran in its caller's name.
    "ethereum_etl_traces": (
        {"ethereum:ETH": (5, Decimal("166.242724880000002048"))},
        {"reward": 4, "zero_value": 2, "failed": 1, "moves_nothing": 1},
    ),
    "trongrid_json": ({TRON_USDT: (2, Decimal("10934.5"))}, {"in_events": 2}),
    "try/bip30_duplicate_txid.csv": ({"bitcoin:BTC": (1, Decimal(50))}, {}),  # of two blocks one lives
    "try/dust_one_wei_sanctioned.csv": ({"ethereum:ETH": (2, Decimal("100.000000000000000001"))}, {}),
    "try/dust_token_priced.csv": ({"ethereum:ETH": (1, Decimal(100)), DUST: (1, Decimal(1))}, {}),
    "try/dust_token_unpriced.csv": ({"ethereum:ETH": (1, Decimal(100)), DUST: (1, Decimal(1))}, {}),
    "try/two_chains.csv": ({"ethereum:ETH": (1, Decimal(1)), "bsc:BNB": (1, Decimal(1))}, {}),
}


@pytest.fixture
def wild(shared: Path) -> Path:
    return shared / "data" / "wild"


def imported(path: Path) -> Any:  # noqa: ANN401 - what the command answers
    result = CliRunner().invoke(
        app, ["import", "transfers", str(path), "--wait", "60", "--json"], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return json.JSONDecoder().raw_decode(result.stdout, result.stdout.index("{\n"))[0]


def recorded(postgres: Postgres) -> Totals:
    """What lives in the record; the decimals that nobody knows count as none."""
    found = rows(
        postgres,
        "SELECT t.chain || ':' || a.asset, count(*), sum(t.amount), max(coalesce(t.decimals, 0))"
        " FROM transactions t JOIN assets a USING (asset_id) WHERE t.retracted_batch_id IS NULL GROUP BY 1",
    )
    return {
        key: (number, Decimal(int(amount)).scaleb(-int(decimals)).normalize())
        for key, number, amount, decimals in found
    }


def plain(totals: Totals) -> Totals:
    return {key: (number, amount.normalize()) for key, (number, amount) in totals.items()}


@pytest.mark.parametrize("name", EXPECTED)
def test_totals_are_those_made_by_hand_and_again_they_are_the_same(
    settings: Settings, postgres: Postgres, graph: Graph, wild: Path, name: str
) -> None:
    expected, skipped = EXPECTED[name]
    with consuming(settings, postgres, graph):
        first, again = imported(wild / name), imported(wild / name)
    assert first["skipped"] == skipped
    assert recorded(postgres) == plain(expected)
    assert (again["outcome"]["stored"], again["outcome"]["dead_letters"]) == (0, {})
    assert first["import_id"] == again["import_id"]


def test_a_failed_transaction_of_an_export_moves_nothing(wild: Path) -> None:
    refused = CliRunner().invoke(app, ["import", "transfers", str(wild / "try" / "export_all_failed")])
    assert refused.exit_code != 0
    assert "no transfer that can be imported" in str(refused.exception)


def test_the_three_exports_of_a_wallet(
    settings: Settings, postgres: Postgres, graph: Graph, wild: Path
) -> None:
    folder = wild / "etherscan_csv_0x003dc"
    with consuming(settings, postgres, graph):
        answer = imported(folder)
        assert imported(folder)["outcome"]["stored"] == 0
    assert answer["skipped"] == {"zero_value": 388 + 9, "failed": 28}
    assert (answer["transfers"], answer["internal"], answer["outcome"]["dead_letters"]) == (533, 48, {})
    found = recorded(postgres)
    assert found.pop("ethereum:ETH") == (66 + 48, Decimal("973.292548337671187845"))
    assert found == plain(tokens_of(folder / "etherscan-erc20.csv"))
    assert found["ethereum:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"] == (21, Decimal("47757.695836"))
    wallet = "ethereum:0x003dc32fe920a4aaeed12dc87e145f030aa753f3"
    with served(settings, postgres, graph) as api:
        assert total(api, wallet) == 533


def tokens_of(file: Path) -> Totals:
    """The sums of the file's tokens, read here by nothing of the product."""
    sums: dict[str, list[Decimal]] = defaultdict(list)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            if number := Decimal(row["TokenValue"].replace(",", "")):
                sums[f"ethereum:{row['ContractAddress'].lower()}"].append(number)
    return {key: (len(numbers), sum(numbers, Decimal(0))) for key, numbers in sums.items()}


def total(api: httpx.Client, wallet: str) -> int:
    """How many transfers the API lists of a wallet, with and without money that moved."""
    path, found = f"/v1/wallets/{wallet}/transfers", 0
    for without_flow in (False, True):
        query: dict[str, Any] = {"without_flow": without_flow, "limit": 1, "total": True}
        found += api.get(path, params=query).json()["total"]
    return found


@pytest.mark.parametrize("name", ["bitcoin_etl", "esplora_tx"])
def test_transactions_with_many_senders_are_refused_in_a_sentence(wild: Path, name: str) -> None:
    refused = CliRunner().invoke(app, ["import", "transfers", str(wild / name)])
    assert refused.exit_code != 0
    assert re.search(
        r"Bitcoin and its relatives are not read yet.*Nothing was imported\.", str(refused.exception)
    )


SCAM = ("--chain", "ethereum", "--category", "scam")
LISTS: dict[str, tuple[tuple[str, ...], int, dict[str | None, int]]] = {
    "ofac_sdn_xml/sdn_sample_cut.xml": ((), 19, {"sanctioned": 19}),
    "ofac_csv_ultrasound/data.csv": (
        ("--chain", "ETH", "--category", "sanctioned", "--source", "OFAC SDN"), 97, {"sanctioned": 97},
    ),
    "uk_eu_nbctf_lists": ((), 23, {"sanctioned": 17, "terrorist_financing": 6}),
    "scamsniffer_blacklist/address.json": (SCAM, 2_530, {"scam": 2_530}),
    "mew_darklist/addresses-darklist_cut.json": (SCAM, 8, {"scam": 8}),
    "try/dust_labels.csv": ((), 3, {"exchange": 1, "scam": 1, "sanctioned": 1}),
    "try/two_chains_labels.csv": ((), 1, {"sanctioned": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_every_address_of_a_list_is_a_label_or_is_named(
    settings: Settings, postgres: Postgres, graph: Graph, wild: Path, name: str
) -> None:
    options, number, categories = LISTS[name]
    answer = aml_json("import", "labels", wild / name, *options)
    assert (answer["labels"], answer["added"], answer["unreadable"]) == (number, number, [])
    assert aml_json("import", "labels", wild / name, *options)["unchanged"] == number
    found = rows(postgres, "SELECT address, category FROM labels WHERE removed_at IS NULL")
    counted: dict[str | None, int] = defaultdict(int)
    for _, category in found:
        counted[category] += 1
    assert counted == categories
    told = {address.lower() for address, _ in found}
    told |= {word.lower() for entry in answer["unusable"] for word in entry["text"].split()}
    files = [wild / name] if (wild / name).is_file() else sorted((wild / name).glob("*sample*"))
    for file in files:
        for word in addresses_in(file.read_text()):
            assert any(word in each for each in told), (file.name, word)
    assert all(re.search(r":\d+$|item \d+$|\.txt$", entry["origin"]) for entry in answer["unusable"])
    with served(settings, postgres, graph) as api:
        assert api.get("/v1/labels", params={"limit": 1, "total": True}).json()["total"] == number


def addresses_in(text: str) -> set[str]:
    """What looks like an address, found by nothing of the product: lines that go on are joined."""
    joined = re.sub(r"\s*\n\s*", "", text) + " " + text
    words = re.findall(r"\b(?:0x[0-9a-fA-F]{40}|T[1-9A-HJ-NP-Za-km-z]{33}|bnb1[0-9a-z]{38})\b", joined)
    words += re.findall(r"\b(?:bc1[0-9a-z]{25,70}|[13][1-9A-HJ-NP-Za-km-z]{25,34})\b", text)
    return {word.lower() for word in words}


def test_the_tree_of_tagpacks(postgres: Postgres, wild: Path) -> None:
    result = CliRunner().invoke(
        app, ["import", "labels", str(wild / "tagpack_tool_testfiles" / "tree"), "--json"]
    )
    assert result.exit_code != 0  # four packs include a header that is not there; the others are imported
    answer = json.JSONDecoder().raw_decode(result.stdout)[0]
    assert (answer["labels"], len(answer["unreadable"])) == (6, 4)
    assert all("'header.yaml' is in none of its folders" in sentence for sentence in answer["unreadable"])
    found = rows(postgres, "SELECT address, category, name, source FROM labels ORDER BY 4, 1")
    assert {(category, name, source) for _, category, name, source in found} == {
        ("scam", "BadHack", "BadHack TagPack"),
        ("scam", "Special_BadHack", "BadHack TagPack"),
        (None, "Internet Archive", "GraphSense Demo TagPack"),
    }
    # Made-up addresses of the tool's own tests have wrong checksums; each is named with its line.
    assert answer["skipped"] == {
        "bad_address": 8, "bad_checksum": 8, "not_a_tagpack": 6, "mention": 3, "duplicate": 3,
        "no_address": 1,
    }  # fmt: skip
    assert len(answer["unusable"]) == sum(answer["skipped"].values())
