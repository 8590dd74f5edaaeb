"""Importing prices and assets by commands, looking at them, taking them back; and what assets are called."""

import json
from pathlib import Path

import pytest

from app.assets.names import asset_names
from app.assets.store import AssetRow, import_assets
from app.errors import InvalidInput
from app.stores.postgres import Postgres
from tests.support.builders import transfer
from tests.support.commands import aml, aml_json
from tests.support.record import ask, score, write

USDT, FAKE = "0xdac17f958d2ee523a2206206994597c13d831ec7", "0x" + "fa" * 20
pytestmark = pytest.mark.usefixtures("commands")


def test_prices_are_imported_looked_at_and_taken_back(postgres: Postgres, tmp_path: Path) -> None:
    write(postgres, [transfer(n, 1, 2, 10**18, usd_value=None) for n in range(3)])
    file = tmp_path / "prices.csv"
    file.write_text("asset,day,price\nethereum:ETH,2024-01-01,2250.5\nethereum:ETH,someday,1\n")
    trial = aml_json("import", "prices", str(file), "--dry-run")
    assert (trial["prices"], trial["skipped"], "added" in trial) == (1, {"bad_day": 1}, False)
    assert trial["examples"] == {"bad_day": [f"{file}:3"]}
    assert aml_json("import", "prices", str(file))["added"] == 1
    assert aml_json("import", "prices", str(file))["unchanged"] == 1
    assert [each["prices"] for each in aml_json("prices", "sources")["sources"]] == [1]
    run_id = score(postgres)
    assert ask(postgres, "SELECT imported_values FROM scoring_runs WHERE run_id = :run", run=run_id) == 3
    assert aml_json("prices", "unused") == {"run_id": run_id, "prices": [], "next": None, "total": 0}
    assert aml_json("prices", "remove", "--source", "prices") == {"removed": 1}
    assert aml_json("prices", "sources") == {"sources": []}
    file.write_text("asset,day,price\n")
    with pytest.raises(InvalidInput, match="holds no price"):
        aml("import", "prices", str(file))


def test_assets_are_imported_listed_and_taken_back(tmp_path: Path) -> None:
    listed = tmp_path / "list.json"
    tokens = [{"chainId": 1, "address": USDT, "symbol": "USDT", "name": "Tether USD", "decimals": 6}]
    listed.write_text(json.dumps({"name": "A list", "tokens": tokens}))
    assert aml_json("import", "assets", str(listed))["known"] == 1
    crawled = tmp_path / "tokens.csv"
    crawled.write_text(f"address,symbol,name,decimals,total_supply\n{FAKE},USDT,Tether USD,6,1\n")
    assert aml_json("import", "assets", str(crawled))["known"] == 0
    assets = aml_json("assets", "list", "--search", "usdt")["assets"]
    assert [(each["asset"], each["known"], each["source"]) for each in assets] == [
        (USDT, True, "A list"),
        (FAKE, False, "tokens"),
    ]
    assert aml_json("assets", "remove", "--source", "tokens") == {"removed": 1}
    assert len(aml_json("assets", "list")["assets"]) == 1


def test_a_symbol_says_which_contract_where_another_claims_it(postgres: Postgres) -> None:
    def titles() -> dict[str, str]:
        with postgres.transaction() as connection:
            names = asset_names(connection, "ethereum", [USDT, FAKE, "ETH"])
        return {each.asset: each.title for each in names}

    assert titles() == {USDT: "0xdac17f…831ec7", FAKE: "0xfafafa…fafafa", "ETH": "ETH"}
    known = AssetRow("ethereum", USDT, "A list", "USDT", "Tether USD", 6, known=True)
    import_assets(postgres, [known])
    assert titles()[USDT] == "USDT"
    import_assets(postgres, [AssetRow("ethereum", FAKE, "tokens", "usdt", "Tether", 6, known=False)])
    assert titles() == {USDT: "USDT (0xdac17f…831ec7)", FAKE: "usdt (0xfafafa…fafafa)", "ETH": "ETH"}
    import_assets(postgres, [AssetRow("ethereum", FAKE, "tokens", "ETH", "Ether", 18, known=True)])
    assert titles()[USDT] == "USDT"
    write(postgres, [transfer(1, 1, 2, 5)])
    assert titles()[FAKE] == "ETH (0xfafafa…fafafa)"
