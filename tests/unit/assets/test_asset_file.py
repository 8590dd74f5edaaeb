"""Assets from each form of file, and what is no asset."""

import json
from pathlib import Path

import pytest

from app.assets.asset_file import REASONS, read_assets
from app.assets.store import AssetRow
from app.errors import InvalidInput
from app.skipped_lines import SkippedLines

USDT = "0xdAC17F958D2ee523a2206206994597C13D831ec7"
ETL = f"address,symbol,name,decimals,total_supply,block_number\n{USDT.lower()},USDT,Tether USD,6,1,2\n"
LIST = {
    "name": "A token list",
    "tokens": [
        {"chainId": 1, "address": USDT, "symbol": "USDT", "name": "Tether USD", "decimals": 6},
        {"chainId": 10, "address": USDT, "symbol": "US\tDT\u202e", "name": "x" * 500, "decimals": "8"},
        {"chainId": 424242, "address": USDT, "symbol": "X", "name": "X", "decimals": 6},
        {"chainId": 1, "address": USDT, "symbol": "X", "name": "X", "decimals": -1},
        {"chainId": 1, "address": "0x12", "symbol": "X", "name": "X", "decimals": 6},
        {"chainId": 1, "address": USDT.swapcase().replace("0X", "0x"), "decimals": 6},
        "no record",
    ],
}


def read(path: Path, content: str, **options: object) -> tuple[list[AssetRow], SkippedLines]:
    path.write_text(content)
    skipped = SkippedLines()
    return list(read_assets(path, skipped, **options)), skipped  # type: ignore[arg-type]


def test_tokens_of_ethereum_etl_only_name(tmp_path: Path) -> None:
    rows, skipped = read(tmp_path / "tokens.csv", ETL, chain="ethereum")
    assert rows == [AssetRow("ethereum", USDT.lower(), "tokens", "USDT", "Tether USD", 6, known=False)]
    assert not skipped.counts
    (chosen,), _ = read(tmp_path / "tokens.csv", ETL, chain="polygon", known=True, source="mine")
    assert (chosen.chain, chosen.known, chosen.source) == ("polygon", True, "mine")


def test_a_token_list(tmp_path: Path) -> None:
    rows, skipped = read(tmp_path / "list.json", json.dumps(LIST))
    assert rows == [
        AssetRow("ethereum", USDT.lower(), "A token list", "USDT", "Tether USD", 6, known=True),
        AssetRow("optimism", USDT.lower(), "A token list", "US DT", "x" * 200, 8, known=True),
    ]
    assert skipped.counts == {
        "unknown_chain": 1,
        "bad_decimals": 1,
        "bad_asset": 1,
        "bad_checksum": 1,
        "wrong_fields": 1,
    }


def test_csv_of_the_product(tmp_path: Path) -> None:
    content = (
        f"chain;asset;symbol;name;decimals;known;source\ntron;USDT;USDT;;;no;me\n;base:{USDT};;;;;\n;;;;\n"
    )
    rows, skipped = read(tmp_path / "mine.csv", content + f"base;{USDT};U;;;;mine\n")
    assert rows == [
        AssetRow("tron", "USDT", "me", "USDT", None, None, known=False),
        AssetRow("base", USDT.lower(), "mine", None, None, None, known=True),
        AssetRow("base", USDT.lower(), "mine", "U", None, None, known=True),
    ]
    assert skipped.counts == {"wrong_fields": 1, "duplicate": 1}
    assert skipped.counts.keys() <= REASONS.keys()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", "symbol,name\n"), ("a.csv", ""), ("a.json", "{}"), ("a.json", "[" * 10_000)],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(InvalidInput):
        read(tmp_path / name, content)
