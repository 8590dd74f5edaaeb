"""What became of a message, from the request that publishes it to the answer that names its transfer."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.producer import produce
from ingest.kafka.topics import ensure_topics
from tests.support.builders import retraction, transfer
from tests.support.ingesting import ingest, produce_raw
from tests.support.record import change
from tests.support.run_story import ALICE, BOB, MIXER
from tests.support.serving import all_pages, served


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    with served(settings, postgres, graph) as client:
        yield client


def event(n: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    fields: dict[str, Any] = json.loads(encode(transfer(n, ALICE, BOB, 5)))
    return fields | changes


def place(result: dict[str, Any]) -> str:
    return f"/v1/messages/{result['partition']}/{result['offset']}"


def test_what_is_published_is_followed_to_its_end(
    api: httpx.Client, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    sent = [event(1), event(2, amount="-1"), event(1), event(3, sender="0x12"), event(1, amount="6")]
    body = api.post("/v1/transfers", json={"transfers": sent}).raise_for_status().json()
    assert (body["published"], body["refused"]) == (3, 2)
    assert [each["status"] for each in body["results"]] == [
        "published", "refused", "published", "refused", "published",
    ]  # fmt: skip
    assert [each["reason"] for each in body["results"]] == [None, "bad_amount", None, "bad_address", None]
    taken, repeated, other = (each for each in body["results"] if each["status"] == "published")
    waiting = api.get(place(taken)).json()
    assert (waiting["status"], waiting["transfer"]) == ("not_read", None)
    ingest(settings, postgres, graph)
    stored = api.get(place(taken)).json()
    assert (stored["status"], stored["transfer"]["transaction_hash"]) == (
        "stored",
        sent[0]["transaction_hash"],
    )
    assert (stored["transfer"]["state"], stored["transfer"]["amount"]) == ("live", "5")
    assert api.get(place(repeated)).json()["transfer"] == stored["transfer"]
    refused = api.get(place(other)).json()
    assert (refused["status"], refused["dead_letter"]["reason"]) == ("dead_letter", "conflict")
    assert refused["dead_letter"]["transaction_hash"] == sent[0]["transaction_hash"]
    assert json.loads(refused["dead_letter"]["payload"])["amount"] == "6"
    later = api.post("/v1/transfers", json={"transfers": [event(1)]}).json()["results"][0]
    ingest(settings, postgres, graph)
    assert api.get(place(later)).json()["status"] == "duplicate"
    beyond = api.get(f"/v1/messages/{taken['partition']}/{10**6}")
    assert (beyond.status_code, api.get("/v1/messages/99/0").status_code) == (404, 404)
    gone = replace(retraction(transfer(1, ALICE, BOB, 5)))
    produce([gone], settings)
    ingest(settings, postgres, graph)
    found = api.get(f"/v1/transactions/{sent[0]['transaction_hash'].upper().replace('X', 'x')}").json()
    assert [(each["amount"], each["state"]) for each in found["transfers"]] == [("5", "retracted")]
    assert api.get(f"/v1/transactions/0x{99:064x}").status_code == 404
    assert api.get("/v1/transactions/nonsense").json()["reason"] == "bad_hash"


def test_which_of_equal_messages_came_first_is_known_exactly(
    api: httpx.Client, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    """By a reference that reads the topic in order: the first message of an identity is stored."""
    gone = json.loads(encode(retraction(transfer(2, ALICE, BOB, 5))))
    first = [event(1), event(1), event(2), gone, event(1), event(3), gone, event(2), event(3), event(4)]
    for sent in (first, [*first, event(5)]):
        published = api.post("/v1/transfers", json={"transfers": sent}).json()["results"]
        places = [place(each) for each in published]
        ingest(settings, postgres, graph)
        # Whatever the clocks of Kafka and PostgreSQL said.
        change(postgres, "UPDATE transactions SET ingested_at = now() + interval '1 day'", rows=None)
        known = [] if sent is first else first
        expected = [
            "duplicate" if each in [*known, *sent[:number]] else "stored" for number, each in enumerate(sent)
        ]
        assert [api.get(each).json()["status"] for each in places] == expected
    told = api.get("/v1/ingestion/status").json()["totals"]["duplicates"]
    assert told == 5 + 10
    change(postgres, "UPDATE ingestion_state SET duplicates_from = next_offset", rows=None)
    unknown = api.get(places[-1]).json()
    assert (unknown["status"], unknown["transfer"]["state"]) == ("stored", "live")
    assert "not known" in unknown["detail"]


def test_requests_to_publish_have_bounds(api: httpx.Client) -> None:
    assert api.post("/v1/transfers", json={"transfers": []}).status_code == 422
    many = [event(1)] * 1_001
    assert api.post("/v1/transfers", json={"transfers": many}).status_code == 422
    (no_object,) = api.post("/v1/transfers", json={"transfers": [1]}).raise_for_status().json()["results"]
    assert no_object["reason"] == "not_object"
    long = [event(1, sender_tag="x" * 3_000)] * 1_000
    assert api.post("/v1/transfers", json={"transfers": long}).status_code == 413
    whole = api.post("/v1/transfers", json={"transfers": [event(n) for n in range(1, 1_001)]}).json()
    places = {(each["partition"], each["offset"]) for each in whole["results"]}
    assert (whole["published"], len(places)) == (1_000, 1_000)


def test_dead_letters_page_are_filtered_and_are_sent_again(
    api: httpx.Client, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    ensure_topics(settings)
    produce_raw(settings, [(b"odd", b"{"), (None, b""), *((b"k%d" % n, b"\xff" * 3_000) for n in range(5))])
    ingest(settings, postgres, graph)
    listed = all_pages(api, "/v1/dead-letters", "dead_letters", limit=2)
    everything = api.get("/v1/dead-letters", params={"total": True}).json()
    assert listed == everything["dead_letters"]
    assert (everything["total"], len(listed)) == (7, 7)
    assert len({each["origin"] for each in listed}) == 7
    one = api.get("/v1/dead-letters", params={"key": "odd", "total": True}).json()
    assert (one["total"], one["dead_letters"][0]["payload"]) == (1, "{")
    path = "/v1/dead-letters/{topic}/{partition}/{offset}".format(**one["dead_letters"][0])
    assert api.get(path).json() == one["dead_letters"][0]
    assert api.get(path, params={"series": 9}).status_code == 404
    assert all(len(each["payload"]) <= 2_000 for each in listed)
    assert max(each["payload_bytes"] for each in listed) == 3_000
    again = api.post(f"{path}/replay").raise_for_status().json()
    assert again["replayed_at"] is not None
    assert api.post(f"{path}9/replay").status_code == 404
    counted = {
        replayed: api.get("/v1/dead-letters", params={"replayed": replayed, "total": True}).json()["total"]
        for replayed in (True, False)
    }
    assert counted == {True: 1, False: 6}
    ingest(settings, postgres, graph)
    assert api.get("/v1/dead-letters", params={"key": "odd", "total": True}).json()["total"] == 1
    assert api.get("/v1/dead-letters", params={"total": True}).json()["total"] == 8
    assert api.get("/v1/dead-letters", params={"from": "2100-01-01T00:00:00Z"}).json()["dead_letters"] == []
    assert api.get("/v1/dead-letters", params={"cursor": "WzEsIDk5LCAwLCAwXQ=="}).status_code == 422


def test_transfers_that_moved_nothing_are_listed_apart(
    api: httpx.Client, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    moved = [transfer(n, MIXER, BOB, 5) for n in range(1, 4)]
    nothing = [transfer(10, MIXER, BOB, 0), transfer(11, BOB, BOB, 7), transfer(12, BOB, ALICE, 0)]
    ingest(settings, postgres, graph, [*moved, *nothing])
    path = f"/v1/wallets/{BOB}/transfers"
    listed = all_pages(api, path, "transfers", limit=2, without_flow="true")
    assert sorted(str(each["transaction_hash"]) for each in listed) == [t.transaction_hash for t in nothing]
    assert [each["way"] for each in sorted(listed, key=lambda each: str(each["transaction_hash"]))] == [
        "in", "out", "out",
    ]  # fmt: skip
    for without_flow, expected in ((True, 3), (False, 3)):
        params = {"without_flow": without_flow, "total": True, "limit": 1}
        assert api.get(path, params=params).json()["total"] == expected


def test_labels_are_added_without_a_shell(api: httpx.Client) -> None:
    one = {"chain": "ethereum", "address": BOB, "category": "scam", "name": "x", "source": "desk"}
    added = api.post("/v1/labels", json={"labels": [one]})
    assert added.raise_for_status().json() == {"added": 1, "unchanged": 0, "updated": 0}
    assert api.post("/v1/labels", json={"labels": [one]}).json()["unchanged"] == 1
    again = api.post("/v1/labels", json={"labels": [one | {"confidence": 5}]}).json()
    assert again == {"added": 0, "unchanged": 0, "updated": 1}
    (listed,) = api.get("/v1/labels", params={"source": "desk"}).json()["labels"]
    assert (listed["address"], listed["category"], listed["confidence"]) == (BOB, "scam", 5)
    for fault, reason in (
        ({"address": "0x12"}, "bad_address"),
        ({"chain": "nochain"}, "unknown_chain"),
        ({"category": "no such"}, None),
        ({"confidence": 101}, None),
        ({"valid_from": "2024-01-02T00:00:00Z", "valid_to": "2024-01-01T00:00:00Z"}, None),
        ({"name": "\x00"}, None),
        ({"more": 1}, None),
    ):
        refused = api.post("/v1/labels", json={"labels": [one | {"name": "y"}, one | fault]})
        assert (refused.status_code, refused.json().get("reason")) == (422, reason), fault
    assert api.get("/v1/labels", params={"source": "desk", "total": True}).json()["total"] == 1


def test_what_the_program_knows_is_told(api: httpx.Client) -> None:
    chains = {each["chain"]: each for each in api.get("/v1/chains").json()["chains"]}
    assert chains["ethereum"] == {"chain": "ethereum", "family": "evm", "native_asset": "ETH"}
    assert chains["bitcoin"]["family"] == "other"
    policy = api.get("/v1/policy").json()
    categories = {each["category"]: each for each in api.get("/v1/categories").json()["categories"]}
    assert categories["sanctioned"]["severity"] == 100
    assert all(f"  {name}:" in policy["text"] for name in categories)
    assert api.get("/v1/contract/transfer").json()["title"] == "Transfer"
    assert api.get("/v1/contract/asyncapi").json()["asyncapi"] == "3.0.0"
    assert api.get("/v1/contract/odd").status_code == 422
