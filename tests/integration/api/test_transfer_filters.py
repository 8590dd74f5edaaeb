"""A wallet's transfers by direction, counterparty, asset, time and value, against a plain search."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.domain import Transfer
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import START, transfer
from tests.support.record import write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, tell_story
from tests.support.serving import all_pages, served

SENT: list[Transfer] = [
    transfer(
        100 + n,
        (ALICE, BOB, CAROL)[n % 3],
        (BOB, CAROL)[n % 3 == 1],
        (n + 1) * 10**17,
        asset=("ETH", "DAI")[n % 4 == 0],
        decimals=18,
        usd_value=None if n % 5 == 0 else Decimal(n),
    )
    for n in range(100)
]
FILTERS: list[dict[str, Any]] = [
    {"way": "in"},
    {"way": "out"},
    {"asset": "DAI"},
    {"counterparty": CAROL},
    {"counterparty": f"ethereum:{ALICE}", "way": "in"},
    {"counterparty": DAVE},
    {"least_usd": "12.5"},
    {"least_units": "1.05"},
    {"from": f"{START + timedelta(seconds=110):%Y-%m-%dT%H:%M:%SZ}"},
    {"to": f"{START + timedelta(seconds=120):%Y-%m-%dT%H:%M:%SZ}", "asset": "ETH", "least_usd": "3"},
    {"asset": "NONE"},
]


@pytest.fixture(scope="module")
def far() -> int:
    """Larger than any page."""
    return 1_000


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_story(postgres)
    write(postgres, SENT, offset=100)
    with served(settings, postgres, graph) as client:
        yield client


def keeps(each: dict[str, Any], only: dict[str, Any]) -> bool:
    """The filter once more, in plain words."""
    other = each["sender"] if each["way"] == "in" else each["receiver"]
    usd = each["usd_value"]
    return (
        only.get("way", each["way"]) == each["way"]
        and only.get("asset", each["asset"]) == each["asset"]
        and only.get("counterparty", other).removeprefix("ethereum:") == other
        and ("least_usd" not in only or (usd is not None and Decimal(usd) >= Decimal(only["least_usd"])))
        and ("from" not in only or each["occurred_at"] >= only["from"])
        and ("to" not in only or each["occurred_at"] < only["to"])
        and (
            "least_units" not in only
            or Decimal(each["amount"]).scaleb(-(each["decimals"] or 0)) >= Decimal(only["least_units"])
        )
    )


@pytest.mark.parametrize("only", FILTERS, ids=str)
def test_a_filter_keeps_what_a_plain_search_keeps_page_by_page(
    api: httpx.Client, far: int, only: dict[str, Any]
) -> None:
    path = f"/v1/wallets/ethereum:{BOB}/transfers"
    whole = api.get(path, params={"limit": far}).json()["transfers"]
    expected = [each for each in whole if keeps(each, only)]
    asked = api.get(path, params=only | {"limit": far, "total": True}).raise_for_status().json()
    assert asked["transfers"] == expected
    assert asked["total"] == len(expected)
    assert asked["next"] is None
    if expected:
        assert all_pages(api, path, "transfers", limit=3, **only) == expected


@pytest.mark.parametrize(
    ("only", "status"),
    [
        ({"counterparty": "nonsense"}, 422),
        ({"counterparty": f"polygon:{ALICE}"}, 422),
        ({"counterparty": f"0x{9_999:040x}"}, 404),
        ({"least_usd": "-1"}, 422),
        ({"least_usd": "NaN"}, 422),
        ({"least_units": "x"}, 422),
        ({"way": "both"}, 422),
        ({"from": "2024-01-01"}, 422),
        ({"asset": "a\x00"}, 422),
        ({"way": "in", "without_flow": True}, 422),
        ({"cursor": "bm9uZQ==", "way": "in"}, 422),
    ],
)
def test_what_is_no_filter_is_refused(api: httpx.Client, only: dict[str, Any], status: int) -> None:
    answer = api.get(f"/v1/wallets/ethereum:{BOB}/transfers", params=only)
    assert answer.status_code == status, answer.text


def test_the_page_filters_too_and_keeps_its_filters_from_page_to_page(api: httpx.Client) -> None:
    page = f"/wallets/ethereum:{BOB}/transfers"
    html = {"Accept": "text/html"}
    shown = api.get(page, params={"way": "in", "asset": "ETH", "from": "2024-01-01"}, headers=html)
    assert shown.status_code == 200
    assert "way=in&amp;asset=ETH&amp;from=2024-01-01&amp;cursor=" in shown.text
    assert ">out</span>" not in shown.text
    nothing = api.get(page, params={"least_usd": "999999"}, headers=html)
    assert "No transfer matches." in nothing.text
    for wrong in (
        {"from": "yesterday"},
        {"least_usd": "much"},
        {"counterparty": "nonsense"},
        {"to": "9999-12-31"},
    ):
        assert api.get(page, params=wrong, headers=html).status_code == 422, wrong
