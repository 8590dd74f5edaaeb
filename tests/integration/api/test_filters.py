"""Filters of lists: a word that names nothing is refused, and a cursor belongs to its filters."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.record import change, label, score
from tests.support.run_story import ALICE, BOB, MIXER, tell_project_and_score
from tests.support.serving import served

CLOSED = [
    ("/scores/top", "chain", "mars", "ethereum"),
    ("/scores/top", "category", "nope", "mixer"),
    ("/scores/top", "main_category", "nope", "mixer"),
    ("/scores/top", "flag", "nope", "sanctions_contact"),
    ("/v1/export/scores", "chain", "mars", "ethereum"),
    ("/v1/export/scores", "flag", "nope", "sanctions_contact"),
    ("/v1/alerts", "rule", "nope", "level_high"),
    ("/v1/screenings", "flag", "nope", "sanctions_contact"),
    ("/v1/labels", "category", "nope", "mixer"),
]
"""Filters of what has a vocabulary, a word that is not in it, and one that is."""


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_project_and_score(postgres, graph, "ledger")
    with served(settings, postgres, graph) as client:
        yield client


def wrong(answer: httpx.Response) -> list[dict[str, str]]:
    """What a refusal says is wrong."""
    assert answer.status_code == 422, answer.text
    errors: list[dict[str, str]] = answer.json()["errors"]
    return errors


@pytest.mark.parametrize(("path", "name", "word", "known"), CLOSED)
def test_a_word_that_names_nothing_is_refused_with_those_that_do(
    api: httpx.Client, path: str, name: str, word: str, known: str
) -> None:
    (error,) = wrong(api.get(path, params={name: word}))
    assert (error["location"], error["name"]) == ("query", name)
    assert known in error["detail"], error


@pytest.mark.parametrize("spelling", ["ethereum", "Ethereum", " eth ", "ETH"])
def test_a_chain_is_taken_in_every_spelling(api: httpx.Client, spelling: str) -> None:
    everything = api.get("/scores/top").raise_for_status().json()["scores"]
    found = api.get("/scores/top", params={"chain": spelling}).raise_for_status().json()["scores"]
    assert found == [one for one in everything if one["wallet"]["chain"] == "ethereum"] != []
    lines = api.get("/v1/export/scores", params={"chain": spelling}).raise_for_status().text
    assert len(lines.splitlines()) == len(found) + 1


def test_a_word_of_an_earlier_policy_still_finds_what_was_recorded(
    api: httpx.Client, postgres: Postgres
) -> None:
    label(postgres, BOB, "exchange")
    change(postgres, "UPDATE labels SET category = 'of_old' WHERE category = 'exchange'")
    (found,) = api.get("/v1/labels", params={"category": "of_old"}).raise_for_status().json()["labels"]
    assert found["address"] == BOB


LISTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("/scores/top", {}, {"chain": "ethereum"}),
    ("/scores/top", {"direction": "source"}, {"direction": "destination"}),
    ("/scores/top", {"category": "mixer"}, {}),
    ("/v1/labels", {"category": "exchange"}, {}),
    (f"/v1/wallets/{BOB}/transfers", {}, {"without_flow": True}),
    ("/v1/runs", {"status": "completed"}, {"status": "failed"}),
]


@pytest.mark.parametrize(("path", "first", "then"), LISTS)
def test_a_cursor_is_refused_with_other_filters_than_its_own(
    api: httpx.Client, postgres: Postgres, path: str, first: dict[str, Any], then: dict[str, Any]
) -> None:
    for number in range(2):
        label(postgres, f"0x{70 + number:040x}", "exchange")
    score(postgres)
    page = api.get(path, params={**first, "limit": 1}).raise_for_status().json()
    cursor = page["next"]
    assert cursor is not None
    (error,) = wrong(api.get(path, params={**then, "limit": 1, "cursor": cursor}))
    assert (error["location"], error["name"]) == ("query", "cursor")
    assert "filters" in error["detail"]
    # The same filters, another size of the page, and a count, are the same list.
    api.get(path, params={**first, "limit": 2, "total": True, "cursor": cursor}).raise_for_status()


def test_a_cursor_of_one_run_is_refused_for_another(api: httpx.Client, postgres: Postgres) -> None:
    score(postgres)
    newest = api.get("/v1/scores/top", params={"limit": 1}).json()
    of_first = api.get("/v1/scores/top", params={"limit": 1, "run_id": 1}).json()
    assert (newest["run"]["run_id"], of_first["run"]["run_id"]) == (2, 1)
    (error,) = wrong(api.get("/v1/scores/top", params={"run_id": 1, "cursor": newest["next"]}))
    assert error["name"] == "cursor"
    # Whoever has learnt the run from the first page may name it, and the aliases are one list.
    for path in ("/v1/scores/top", "/scores/top"):
        page = api.get(path, params={"limit": 1, "run_id": 2, "cursor": newest["next"]}).raise_for_status()
        assert page.json()["run"]["run_id"] == 2
    score(postgres)
    page = api.get("/v1/scores/top", params={"limit": 1, "cursor": newest["next"]}).raise_for_status()
    assert page.json()["run"]["run_id"] == 2


def test_a_wallet_may_be_spelled_otherwise_for_the_next_page(api: httpx.Client) -> None:
    first = api.get(f"/v1/wallets/{BOB}/transfers", params={"limit": 1}).raise_for_status().json()
    other = f"/v1/wallets/ethereum:{BOB.upper().replace('0X', '0x')}/transfers"
    api.get(other, params={"limit": 1, "cursor": first["next"]}).raise_for_status()
    assert wrong(api.get(f"/v1/wallets/{ALICE}/transfers", params={"cursor": first["next"]}))


@pytest.mark.parametrize("position", ["[-1]", "[0]", "[9223372036854775807]", "[-1,-1,-1,-1]", "[1,0,0,0,0]"])
def test_a_forged_cursor_is_refused_by_every_list(
    api: httpx.Client, postgres: Postgres, position: str
) -> None:
    score(postgres)
    cursor = urlsafe_b64encode(position.encode()).decode()
    for path in (
        "/v1/runs/1/diff/2", "/v1/scores/top", "/v1/labels", "/v1/runs", "/v1/dead-letters", "/v1/alerts",
        "/v1/screenings", f"/v1/scores/{BOB}/history", "/v1/watched-wallets", "/v1/ingestion/holes",
        "/v1/transfers/waiting", "/v1/runs/1/unused-prices", f"/v1/wallets/{BOB}/transfers",
        f"/v1/wallets/{BOB}/labels", f"/v1/transactions/0x{1:064x}",
    ):  # fmt: skip
        answer = api.get(path, params={"cursor": cursor}, headers={"Prefer": "wait=20"})
        # A transaction that was never seen is not found, whatever the cursor is.
        assert answer.status_code in {422, 404}, (path, answer.text)


def test_a_list_of_a_wallet_that_was_never_seen_is_empty_where_it_is_a_filter(api: httpx.Client) -> None:
    for path in ("/v1/alerts", "/v1/labels", "/v1/screenings"):
        for wallet in (f"0x{4711:040x}", f"ethereum:0x{4711:040x}"):
            answer = api.get(path, params={"wallet": wallet}).raise_for_status().json()
            assert answer["next"] is None


def test_alerts_of_an_address_are_those_of_all_its_chains(api: httpx.Client, postgres: Postgres) -> None:
    label(postgres, MIXER, "exchange", chain="polygon")
    assert api.get("/v1/alerts", params={"wallet": MIXER}).raise_for_status().json()["alerts"] == []
