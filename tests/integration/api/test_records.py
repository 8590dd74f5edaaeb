"""What the record holds, over HTTP: page by page all of it once, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from app.errors import InvalidEvent
from app.labels.lookup import current_labels, label_history
from app.labels.store import remove_labels
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.record.writer import Message, write_batch
from tests.support.builders import policy, transfer
from tests.support.commands import aml_json
from tests.support.record import label, write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, tell_story
from tests.support.serving import served

SENT = [
    transfer(100 + n, (ALICE, CAROL)[n % 2], BOB, n + 1, asset=("ETH", "DAI")[n % 3 == 0]) for n in range(9)
]


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_story(postgres)
    write(postgres, SENT, offset=100)
    with served(settings, postgres, graph) as client:
        yield client


def all_pages(api: httpx.Client, path: str, key: str, **params: str | int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.get(path, params={**params, **cursor}).raise_for_status().json()
        assert 0 < len(answer[key]) <= int(params["limit"])
        found += answer[key]
        if answer["next"] is None:
            return found
        cursor = {"cursor": answer["next"]}


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


def test_labels_are_listed_as_the_record_has_them_and_as_the_command_does(
    api: httpx.Client, postgres: Postgres
) -> None:
    for address, category in ((ALICE, "exchange"), (BOB, "scam"), (CAROL, "exchange")):
        label(postgres, address, category)
    found = all_pages(api, "/v1/labels", "labels", limit=2)
    everything = current_labels(
        postgres, policy().severities, wallet=None, source=None, category=None, limit=100
    )
    assert found == [each.model_dump(mode="json") for each in everything.labels]
    assert [each["address"] for each in found] == [MIXER, ALICE, BOB, CAROL]
    some = api.get("/v1/labels", params={"category": "exchange", "limit": 1}).json()
    assert (some["total"], [each["address"] for each in some["labels"]]) == (2, [ALICE])
    assert api.get("/v1/labels", params={"wallet": "nonsense"}).status_code == 422

    remove_labels(postgres, source=None, wallet=BOB)
    (past,) = api.get(f"/v1/wallets/{BOB}/labels").json()["labels"]
    assert [past] == [each.model_dump(mode="json") for each in label_history(postgres, BOB)]
    assert past["removed_at"] is not None
    assert api.get(f"/v1/wallets/0x{99:040x}/labels").json() == {"labels": []}


@pytest.mark.usefixtures("commands")
def test_refused_messages_are_listed_with_their_reasons_as_the_command_does(
    api: httpx.Client, postgres: Postgres
) -> None:
    other = encode(replace(SENT[0], amount=77))
    refused = [
        Message("t", 1, 0, None, b"{", InvalidEvent("not_json", "No JSON.")),
        Message("t", 1, 1, b"k", other, replace(SENT[0], amount=77)),
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
