"""What the record holds, over HTTP: page by page all of it once, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest

from app.domain import Transfer
from app.errors import InvalidEvent
from app.labels.lookup import current_labels, label_history
from app.labels.store import remove_labels
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.record.writer import DecodedMessage, write_batch
from tests.support.builders import FACTS, START, policy, retraction, transfer
from tests.support.commands import aml_json
from tests.support.record import label, write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, tell_story
from tests.support.serving import all_pages, served

SENT = [
    transfer(100 + n, (ALICE, CAROL)[n % 2], BOB, n + 1, asset=("ETH", "DAI")[n % 3 == 0]) for n in range(9)
]
SEGWIT = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
CASHADDR = "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
LEGACY_CASH = "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_story(postgres)
    write(postgres, SENT, offset=100)
    with served(settings, postgres, graph) as client:
        yield client


def test_a_wallets_transfers_come_latest_first_each_once(api: httpx.Client) -> None:
    found = all_pages(api, f"/v1/wallets/ethereum:{BOB}/transfers", "transfers", limit=4)
    expected = [transfer(30, BOB, CAROL, 60), transfer(20, ALICE, BOB, 50)]
    assert [each["transaction_hash"] for each in found] == [
        each.transaction_hash for each in [*reversed(SENT), *expected]
    ]
    assert [each["way"] for each in found] == ["in"] * len(SENT) + ["out", "in"]
    assert found[0]["amount"] == str(SENT[-1].amount)
    assert api.get(f"/v1/wallets/{DAVE}/transfers").json()["transfers"] == []
    assert api.get(f"/v1/wallets/0x{99:040x}/transfers").status_code == 404
    assert api.get(f"/v1/wallets/{BOB}/transfers", params={"cursor": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("pasted", "stored"),
    [
        (f"  {BOB.upper()} ", BOB),
        (f"Ethereum:{BOB}", BOB),
        (SEGWIT.upper(), SEGWIT),
        (f"bitcoin:{SEGWIT.upper()}", SEGWIT),
        (f"bitcoincash:{CASHADDR}", CASHADDR),
        (f"bitcoin_cash:BITCOINCASH:{CASHADDR.upper()}", CASHADDR),
        (LEGACY_CASH, CASHADDR),
    ],
)
def test_every_spelling_finds_its_wallet_and_its_labels(
    api: httpx.Client, postgres: Postgres, pasted: str, stored: str
) -> None:
    on_chains = [replace(SENT[0], sender=ALICE, receiver=BOB, transaction_hash=f"0x{200:064x}")]
    on_chains += [
        transfer(201 + n, address, address, 1, chain=chain, asset="COIN")
        for n, (chain, address) in enumerate((("bitcoin", SEGWIT), ("bitcoin_cash", CASHADDR)))
    ]
    write(postgres, on_chains, offset=200)
    for chain, address in (("ethereum", BOB), ("bitcoin", SEGWIT), ("bitcoin_cash", CASHADDR)):
        label(postgres, address, "exchange", chain=chain)
    answer = api.get(f"/v1/wallets/{quote(pasted)}/transfers").raise_for_status()
    assert answer.json()["wallet"]["address"] == stored
    (past,) = api.get(f"/v1/wallets/{quote(pasted)}/labels").raise_for_status().json()["labels"]
    assert past["address"] == stored
    page = api.get("/search", params={"q": pasted}, follow_redirects=False)
    assert page.headers["location"].endswith(quote(f":{stored}"))
    remove_labels(postgres, wallet=pasted)
    assert label_history_of(api, stored) == [True]


@pytest.mark.parametrize(
    ("reference", "status", "detail"),
    [
        (
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            422,
            "The checksum of 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        ),
        ("nonsense", 422, "'nonsense' is no address of a known chain"),
        (f"0x{99:040x}", 404, "nothing is known about its money"),
        ("two words", 422, "without spaces"),
    ],
)
def test_what_is_no_wallet_says_why(api: httpx.Client, reference: str, status: int, detail: str) -> None:
    answer = api.get(f"/v1/wallets/{reference}/transfers")
    assert answer.status_code == status
    assert detail in answer.json()["detail"]


def label_history_of(api: httpx.Client, address: str) -> list[bool]:
    """Whether each label the wallet ever had is removed."""
    labels = api.get(f"/v1/wallets/{address}/labels").raise_for_status().json()["labels"]
    return [each["removed_at"] is not None for each in labels]


def test_a_transfer_shows_what_its_producer_said_of_it(api: httpx.Client, postgres: Postgres) -> None:
    write(postgres, [transfer(300, ALICE, BOB, 5, **FACTS)], offset=300)
    latest, before, *_ = (
        api.get(f"/v1/wallets/ethereum:{BOB}/transfers").raise_for_status().json()["transfers"]
    )
    assert {name: latest[name] for name in FACTS} == FACTS | {"observed_at": "2024-01-01T00:03:00Z"}
    assert {before[name] for name in FACTS} == {None}


def test_labels_are_listed_as_the_record_has_them_and_as_the_command_does(
    api: httpx.Client, postgres: Postgres
) -> None:
    for address, category in ((ALICE, "exchange"), (BOB, "scam"), (CAROL, "exchange")):
        label(postgres, address, category)
    found = all_pages(api, "/v1/labels", "labels", limit=2)
    everything = current_labels(
        postgres, policy().label_rules, wallet=None, source=None, category=None, limit=100
    )
    assert found == [each.model_dump(mode="json") for each in everything.labels]
    assert [each["address"] for each in found] == [MIXER, ALICE, BOB, CAROL]
    some = api.get("/v1/labels", params={"category": "exchange", "limit": 1, "total": True}).json()
    assert (some["total"], [each["address"] for each in some["labels"]]) == (2, [ALICE])
    assert api.get("/v1/labels", params={"wallet": "nonsense"}).status_code == 422

    remove_labels(postgres, source=None, wallet=BOB)
    (past,) = api.get(f"/v1/wallets/{BOB}/labels").json()["labels"]
    with postgres.transaction() as connection:
        assert [past] == [each.model_dump(mode="json") for each in label_history(connection, BOB)]
    assert past["removed_at"] is not None
    assert api.get(f"/v1/wallets/0x{99:040x}/labels").json() == {
        "labels": [], "next": None, "total": None,
    }  # fmt: skip


def test_the_labels_of_a_wallet_page_in_the_order_of_their_recording(
    api: httpx.Client, postgres: Postgres
) -> None:
    for n in range(5):
        label(postgres, BOB, "scam", source=f"source {n}")
    path = f"/v1/wallets/{BOB}/labels"
    found = all_pages(api, path, "labels", limit=2)
    assert [each["source"] for each in found] == [f"source {n}" for n in range(5)]
    assert api.get(path, params={"total": True, "limit": 1}).json()["total"] == 5
    assert api.get(path, params={"cursor": "bm9uZQ=="}).status_code == 422


@pytest.mark.usefixtures("commands")
def test_refused_messages_are_listed_with_their_reasons_as_the_command_does(
    api: httpx.Client, postgres: Postgres
) -> None:
    other = encode(replace(SENT[0], amount=77))
    refused = [
        DecodedMessage("t", 1, 0, None, b"{", InvalidEvent("not_json", "No JSON.")),
        DecodedMessage("t", 1, 1, b"k", other, replace(SENT[0], amount=77)),
    ]
    postgres.run(lambda connection: write_batch(connection, refused))
    body = api.get("/v1/dead-letters").json()
    assert body["refused_by_reason"] == {"conflict": 1, "not_json": 1}
    assert {each["origin"]: each["reason"] for each in body["dead_letters"]} == {
        "t/1/0": "not_json", "t/1/1": "conflict",
    }  # fmt: skip
    assert body == aml_json("dead-letters", "list")
    (one,) = api.get("/v1/dead-letters", params={"reason": "conflict", "limit": 5}).json()["dead_letters"]
    assert (one["payload_bytes"], one["replayed_at"]) == (len(other), None)


def test_what_waits_for_a_retraction_is_listed_and_counted(api: httpx.Client, postgres: Postgres) -> None:
    def mined(n: int, block: int) -> Transfer:
        block_hash = f"0x{1_000 + block:064x}"
        seen = START + timedelta(seconds=block)
        return transfer(n, ALICE, BOB, 5, block_number=block, block_hash=block_hash, observed_at=seen)

    def waiting(**params: str) -> list[tuple[object, object]]:
        listed = all_pages(api, "/v1/transfers/waiting", "transfers", limit=2, **params)
        return [(each["transaction_hash"], each["block_number"]) for each in listed]

    def counted() -> int:
        return int(api.get("/ingestion/status").raise_for_status().json()["record"]["waiting"])

    assert api.get("/v1/transfers/waiting").json() == {
        "transfers": [],
        "next": None,
        "total": None,
    }
    told = [mined(n, block) for n in (500, 501) for block in (600, 602, 601)]
    write(postgres, told, offset=500)
    first, second = (f"0x{n:064x}" for n in (500, 501))
    assert sorted(waiting()) == [(hash_, block) for hash_ in (first, second) for block in (600, 601)]
    assert sorted(waiting(transaction_hash=second.upper().replace("X", "x"))) == [
        (second, 600),
        (second, 601),
    ]
    assert counted() == 4
    gone = [replace(retraction(t), block_hash=t.block_hash, observed_at=t.observed_at) for t in told]
    write(postgres, [gone[1], gone[3]], offset=600)  # the live one of the first, a waiting one of the second
    assert sorted(waiting()) == [(first, 600), (second, 601)]
    assert counted() == 2
    write(postgres, [gone[0], gone[2], gone[4]], offset=700)
    assert counted() == 0
    assert api.get("/v1/transfers/waiting", params={"cursor": "x"}).status_code == 422
