"""Prices from CSV of several headings; what is no price is counted with its reason."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidInput
from app.prices.price_csv import REASONS, read_prices
from app.prices.store import PriceRow
from app.skipped_lines import SkippedLines

DAY = date(2024, 1, 5)
BAD_PRICES = ("", "0", "-1", "nan", "inf", "1e31", "1e-19", "1_0", "x")
CONTRACT = "0xdAC17F958D2ee523a2206206994597C13D831ec7"


def read(path: Path, content: str, **options: str) -> tuple[list[PriceRow], SkippedLines]:
    path.write_text(content)
    skipped = SkippedLines()
    return list(read_prices(path, skipped, **options)), skipped  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("asset,day,price\nethereum:ETH,2024-01-05,2250.5\n", {}),
        ("Date;Chain;Token;Price_USD\n2024-01-05 00:00:00 UTC;Ethereum;ETH;$2250.50\n", {}),
        ("snapped_at,price,market_cap\n2024-01-05 00:00:00 UTC,2250.5,1\n", {"asset": "ethereum:ETH"}),
        ("timestamp,close\n1704412800000,2.2505E+3\n", {"asset": "ETH", "chain": "ethereum"}),
        ("\ufeffsymbol,date,usd\n\nETH,2024-01-05T23:59:59+00:00,2250.5\n", {"chain": "ethereum"}),
        ("asset,time,value\nethereum:ETH,2024-01-06T00:30:00+01:00,2250.5\n", {}),
    ],
)
def test_headings(tmp_path: Path, content: str, options: dict[str, str]) -> None:
    rows, skipped = read(tmp_path / "prices.2024.csv", content, **options)
    assert rows == [PriceRow("ethereum", "ETH", DAY, Decimal("2250.5"), "prices")]
    assert not skipped.counts


def test_what_is_no_price_is_counted(tmp_path: Path) -> None:
    lines = [
        "asset,day,price,source",
        f"ethereum:{CONTRACT},2024-01-05,1.0001,coingecko",
        f"ethereum:{CONTRACT.lower()},2024-01-05,0.9999,coingecko",
        f"ethereum:{CONTRACT.swapcase().replace('0X', '0x')},2024-01-05,1,",
        "nowhere:ETH,2024-01-05,1,",
        "ETH,2024-01-05,1,",
        "ethereum:E T H,2024-01-05,1,",
        "ethereum:0x12,2024-01-05,1,",
        *(
            f"ethereum:ETH,2024-01-05,{bad},"
            for bad in ("", "0", "-1", "nan", "inf", "1e31", "1e-19", "1_0", "x")
        ),
        *(f"ethereum:ETH,{bad},1," for bad in ("", "yesterday", "2024-02-30", "12345", "99999-01-01")),
        "ethereum:ETH,2024-01-05",
        'ethereum:"ETH,2024-01-05,1,',
    ]
    rows, skipped = read(tmp_path / "prices.csv", "\n".join(lines) + "\n", source="mine")
    assert [(row.asset, row.price, row.source) for row in rows] == [
        (CONTRACT.lower(), Decimal("1.0001"), "coingecko"),
        (CONTRACT.lower(), Decimal("0.9999"), "coingecko"),
    ]
    assert skipped.counts == {
        "duplicate": 1,
        "bad_checksum": 1,
        "unknown_chain": 2,
        "bad_asset": 3,
        "bad_price": 9,
        "bad_day": 5,
        "wrong_fields": 1,
    }
    assert skipped.counts.keys() == REASONS.keys()
    assert skipped.examples["bad_checksum"] == [f"{tmp_path}/prices.csv:4"]


@pytest.mark.parametrize("content", ["", "asset,day\n", "day,price\n2024-01-05,1\n", "hello\n"])
def test_a_file_without_what_is_needed_says_so(tmp_path: Path, content: str) -> None:
    with pytest.raises(InvalidInput, match="the heading has no"):
        read(tmp_path / "p.csv", content)


@given(
    st.decimals("0.000000000000000001", "999999999999999999999999999999", places=18),
    st.dates(),
    st.sampled_from(["ETH", "WETH", "a-b_c.D"]),
)
def test_a_price_is_read_exactly(
    tmp_path_factory: pytest.TempPathFactory, price: Decimal, day: date, asset: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "one.csv"
    rows, _ = read(path, f"asset,day,price\nbase:{asset},{day.isoformat()},{price}\n")
    assert [(row.chain, row.asset, row.day, row.price) for row in rows] == [("base", asset, day, price)]
