"""What the explorer draws, against plain sums over the transfers: flows, owners, what is not shown."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.domain import Transfer
from app.projection.pending import project_all_pending
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import START, address, transfer
from tests.support.record import label, score, write
from tests.support.serving import served

SERVICE, HOT, DEPOSIT, KEPT, PAYER = map(address, range(50, 55))
SENT: list[Transfer] = [
    transfer(
        100 + n,
        address(60 + n % 4),
        address(60 + (n * 3 + 1) % 5),
        (n + 1) * 10**16,
        asset=("ETH", "DAI")[n % 3 == 0],
        decimals=18,
        usd_value=None if n % 7 == 0 else Decimal(n),
    )
    for n in range(60)
]
OWNED = [
    transfer(300, PAYER, DEPOSIT, 100),
    transfer(301, DEPOSIT, HOT, 100),
    transfer(302, PAYER, KEPT, 100),
    transfer(303, KEPT, HOT, 50),
]
EVERYONE = [address(60 + n) for n in range(5)]
SINCE = START + timedelta(seconds=130)


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    label(postgres, SERVICE, "exchange", name="Example")
    label(postgres, HOT, "exchange", name="Example: Hot Wallet 2")
    write(postgres, [*SENT, *OWNED])
    project_all_pending(postgres, graph)
    score(postgres, graph)
    with served(settings, postgres, graph) as client:
        yield client


def drawn(api: httpx.Client, shown: list[str], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of the request
    body = {"chain": "ethereum", "shown": shown, **more}
    found: dict[str, Any] = api.post("/v1/explore", json=body).raise_for_status().json()
    return found


@pytest.mark.parametrize(
    "only",
    [
        {},
        {"asset": "DAI"},
        {"least_usd": "20"},
        {"since": SINCE.isoformat()},
        {"until": SINCE.isoformat(), "asset": "ETH"},
        {"asset": "NONE"},
    ],
    ids=str,
)
def test_flows_are_the_sums_of_the_transfers_that_the_filters_keep(
    api: httpx.Client, only: dict[str, Any]
) -> None:
    shown = EVERYONE[:4]
    expected: dict[tuple[str, str, str], list[Transfer]] = {}
    for each in SENT:
        if {each.sender, each.receiver} <= set(shown) and each.sender != each.receiver:
            sums = expected.setdefault((each.sender, each.receiver, each.asset), [])
            if (
                only.get("asset", each.asset) == each.asset
                and ("least_usd" not in only or (each.usd_value or 0) >= Decimal(only["least_usd"]))
                and ("since" not in only or each.occurred_at >= SINCE)
                and ("until" not in only or each.occurred_at < SINCE)
            ):
                sums.append(each)
    found = drawn(api, shown, **only)
    assert {(f["sender"], f["receiver"], f["asset"]): f["transfers"] for f in found["flows"]} == {
        key: len(sums) for key, sums in expected.items()
    }
    for flow in found["flows"]:
        sums = expected[flow["sender"], flow["receiver"], flow["asset"]]
        units = Decimal(sum(each.amount for each in sums)).scaleb(-18)
        assert abs(Decimal(flow["units"].replace(",", "")) - units) <= units / 10_000
        priced = [each.usd_value for each in sums if each.usd_value is not None]
        assert flow["usd_value"] == (f"{sum(priced):.2f}" if priced else None)
        assert (flow["first_transfer_at"] is None) == (not sums)


def test_what_is_not_shown_and_what_is_added_next_are_everything_once(api: httpx.Client) -> None:
    root = EVERYONE[0]
    paid = {each.receiver for each in SENT if each.sender == root} - {root}
    first = api.post(f"/v1/explore/{root}", json={"way": "out", "limit": 1, "shown": [root]}).json()
    shown = [root, first["neighbours"][0]["wallet"]["address"]]
    assert first["total"] == len(paid)
    assert first["more"]["wallets"] == len(paid) - 1
    left = drawn(api, shown, expanded=[{"address": root, "way": "out"}])["not_shown"]
    assert [(each["way"], each["wallets"]) for each in left] == [("out", len(paid) - 1)]
    assert left[0]["transfers"] == first["more"]["transfers"]
    rest = api.post(f"/v1/explore/{root}", json={"way": "out", "shown": shown}).json()
    assert rest["more"] is None
    assert {each["wallet"]["address"] for each in rest["neighbours"]} == paid - set(shown)
    assert drawn(api, [*shown, *paid], expanded=[{"address": root, "way": "out"}])["not_shown"] == []


def test_owners_are_told_by_names_and_by_what_an_address_forwards_to(api: httpx.Client) -> None:
    found = drawn(api, [SERVICE, HOT, DEPOSIT, KEPT, PAYER])["wallets"]
    owners = {each["wallet"]["address"]: (each["owner"], each["owner_evidence"]) for each in found}
    assert owners == {
        HOT: ("Example", "name"),
        DEPOSIT: ("Example", HOT),
        KEPT: (None, None),  # it forwards half
        PAYER: (None, None),
    }  # the service itself has no transfer, so the graph does not know it


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"chain": "ethereum", "shown": []}, 422),
        ({"chain": "ethereum", "shown": [address(n) for n in range(501)]}, 422),
        ({"chain": "ethereum", "shown": [address(9_999)]}, 404),
        ({"chain": "nowhere", "shown": [EVERYONE[0]]}, 404),
        ({"chain": "ethereum", "shown": EVERYONE, "since": "yesterday"}, 422),
        ({"chain": "ethereum", "shown": EVERYONE, "least_usd": "much"}, 422),
        ({"chain": "ethereum", "shown": EVERYONE, "expanded": [{"address": "x", "way": "up"}]}, 422),
    ],
)
def test_what_cannot_be_drawn_is_refused(api: httpx.Client, body: dict[str, Any], status: int) -> None:
    assert api.post("/v1/explore", json=body).status_code == status
