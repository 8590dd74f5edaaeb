"""Every request that takes an address takes what a person pastes: labels, watched wallets, lists."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bip_utils.bech32 import Bech32Encoder

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.record import score
from tests.support.run_story import STORY, tell_story
from tests.support.serving import served

WALLET = "0x52908400098527886e0f7030069857d2e4169ee7"
SPELLED = [
    ("eth", WALLET),
    ("Ethereum", WALLET.upper().replace("0X", "0x")),
    ("ethereum", f"eip155:1:{WALLET}"),
    ("ETH", f"ethereum:{WALLET}"),
    ("ethereum", f"https://etherscan.io/address/{WALLET}"),
    ("ethereum", f"  {WALLET}\u200b "),
]


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_story(postgres)
    with served(settings, postgres, graph) as client:
        yield client


def labelled(api: httpx.Client, chain: str, address: str) -> httpx.Response:
    one = {"chain": chain, "address": address, "category": "scam", "name": "x", "source": "desk"}
    return api.post("/v1/labels", json={"labels": [one]})


def watched(api: httpx.Client, *wallets: dict[str, Any]) -> httpx.Response:
    return api.post("/v1/watched-wallets", json={"watched_wallets": list(wallets)})


def test_labels_and_watches_take_every_spelling(api: httpx.Client) -> None:
    for chain, address in SPELLED:
        labelled(api, chain, address).raise_for_status()
        (found,) = api.get("/v1/labels", params={"source": "desk"}).json()["labels"]
        assert (found["chain"], found["address"]) == ("ethereum", WALLET), (chain, address)
        watched(api, {"chain": chain, "address": address}).raise_for_status()
        (one,) = api.get("/v1/watched-wallets").json()["watched_wallets"]
        assert one["wallet"]["chain"] == "ethereum"
        assert one["wallet"]["address"] == WALLET
    again = labelled(api, "ethereum", WALLET).raise_for_status().json()
    assert again == {"added": 0, "updated": 0, "unchanged": 1}


def test_addresses_of_over_a_hundred_characters_are_labelled_and_watched(api: httpx.Client) -> None:
    cardano = Bech32Encoder.Encode("addr", b"\x01" + b"\x11" * 56)
    assert len(cardano) == 103
    labelled(api, "cardano", cardano).raise_for_status()
    watched(api, {"chain": "ada", "address": cardano}).raise_for_status()
    (found,) = api.get("/v1/labels", params={"wallet": f"cardano:{cardano}"}).json()["labels"]
    assert found["address"] == cardano


def test_a_thousand_wallets_are_watched_at_once(api: httpx.Client) -> None:
    many = [
        {
            "chain": "ethereum",
            "address": f"0x{n:040x}",
            "reference": f"deposit {n}",
            "customer_reference": "c",
        }
        for n in range(1, 1_001)
    ]
    assert watched(api, *many).raise_for_status().json()["added"] == 1_000


WRONG = [
    ("mars", WALLET, "chain", "unknown_chain"),
    ("ethereum", "0x12", "address", "bad_address"),
    ("ethereum", "x" * 501, "address", "bad_address"),
    ("ethereum", "9" * 400, "address", "bad_address"),
    ("ethereum", f"polygon:{WALLET}", "address", "other_chain"),
    ("ethereum", "0x52908400098527886E0F7030069857D2E4169eE7", "address", "bad_checksum"),
]


def test_what_is_wrong_with_a_wallet_is_said_of_its_field(api: httpx.Client) -> None:
    for chain, address, name, reason in WRONG:
        for answer, field in (
            (labelled(api, chain, address), f"labels.0.{name}"),
            (watched(api, {"chain": chain, "address": address}), f"watched_wallets.0.{name}"),
        ):
            assert answer.status_code == 422, answer.text
            (error,) = answer.json()["errors"]
            assert (error["location"], error["name"], error["reason"]) == ("body", field, reason)


def test_a_bare_transaction_hash_is_no_wallet(api: httpx.Client) -> None:
    for text in (STORY[0].transaction_hash, f"0x{4711:064x}"):
        for path in (f"/v1/scores/{text}", f"/v1/wallets/{text}/transfers"):
            answer = api.get(path)
            assert answer.status_code == 422, (path, answer.text)
            assert answer.json()["errors"][0]["reason"] == "bad_address"
            assert "hash of a transaction" in answer.json()["detail"]
            assert "aptos:" in answer.json()["detail"]
        screened = api.post("/v1/screenings", json={"subjects": [{"type": "wallet", "address": text}]})
        (one,) = screened.raise_for_status().json()["screenings"]
        assert (one["status"], one["refused_reason"]) == ("refused", "bad_address")
        assert api.get(f"/v1/scores/aptos:{text}").status_code == 404
        labelled(api, "aptos", text).raise_for_status()
        assert api.get(f"/v1/scores/{text}").raise_for_status().json()["wallet"]["chain"] == "aptos"


def test_a_new_label_of_a_wallet_without_transfers_is_its_score_at_once(
    api: httpx.Client, postgres: Postgres
) -> None:
    score(postgres)
    one = {"chain": "ethereum", "address": WALLET, "category": "sanctioned", "name": "x", "source": "desk"}
    api.post("/v1/labels", json={"labels": [one]}).raise_for_status()
    body = api.get(f"/v1/scores/{WALLET}").raise_for_status().json()
    asked = {"subjects": [{"type": "wallet", "address": f"ethereum:{WALLET}"}]}
    (screened,) = api.post("/v1/screenings", json=asked).raise_for_status().json()["screenings"]
    for same in ("score", "risk_level"):
        assert body[same] == screened[same], same
    assert (body["risk_level"], body["label"]["category"]) == ("severe", "sanctioned")
    assert any("after scoring run 1" in note for note in body["notes"])


def test_a_listed_key_is_listed_on_every_chain_that_a_screening_asks_for(
    api: httpx.Client, postgres: Postgres
) -> None:
    one = {"chain": "ethereum", "address": WALLET, "category": "sanctioned", "name": "x", "source": "desk"}
    api.post("/v1/labels", json={"labels": [one]}).raise_for_status()
    score(postgres)
    asked = {"subjects": [{"type": "wallet", "address": f"base:{WALLET}"}]}
    (screened,) = api.post("/v1/screenings", json=asked).raise_for_status().json()["screenings"]
    assert screened["risk_level"] == "severe"
    # docs/api.md: a score is of what the record knows, and it knows nothing of the key on this chain.
    assert api.get(f"/v1/scores/base:{WALLET}").status_code == 404
    assert api.get(f"/v1/scores/{WALLET}").json()["risk_level"] == "severe"
