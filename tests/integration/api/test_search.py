"""Search by address, beginning, hash, name and reference: what is found, in which order, and what is not."""

from collections.abc import Iterator

import httpx
import pytest

from app.alerts.watched import Watch, watch
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import transfer
from tests.support.ingesting import wait_until
from tests.support.record import label, score
from tests.support.run_story import ALICE, BOB, tell_project_and_score
from tests.support.serving import served

LISTED = "0x" + "ab" * 20  # with a label alone


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    label(postgres, LISTED, "sanctioned", name="Somebody Listed", source="a list")
    tell_project_and_score(postgres, graph)
    with postgres.transaction() as connection:
        watch(connection, [Watch("ethereum", BOB, "deposit 7", "customer 42", "line 1")])
    with served(settings, postgres, graph) as client:
        yield client


def found(api: httpx.Client, text: str, **more: str | int) -> list[tuple[str, str | None]]:
    answer = api.get("/v1/search", params={"q": text, **more}).raise_for_status().json()
    return [(each["match"], each["wallet"] and each["wallet"]["address"]) for each in answer["results"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BOB, [("address", BOB)]),
        (f" {BOB.upper().replace('0X', '0x')} ", [("address", BOB)]),
        (f"ethereum:{BOB}", [("address", BOB)]),
        (LISTED, [("address", LISTED)]),
        ("0xabab", [("beginning", LISTED)]),
        ("0xABAB", [("beginning", LISTED)]),
        ("ethereum:0xabab", [("beginning", LISTED)]),
        ("bitcoin:0xabab", []),
        ("0xa", []),
        ("customer 42", [("customer_reference", BOB)]),
        ("deposit 7", [("reference", BOB)]),
        ("customer 4", []),
        (transfer(20, ALICE, BOB, 50).transaction_hash, [("transaction", None)]),
        (f"0x{99_999:064x}", []),
        (f"0x{99:040x}", []),
        ("100%_;'--", []),
        ("*:* AND (", []),
    ],
)
def test_a_text_finds_what_it_names(api: httpx.Client, text: str, expected: list[tuple[str, str]]) -> None:
    assert found(api, text) == expected


def test_words_of_a_name_find_its_wallet_and_a_beginning_comes_before_it(
    api: httpx.Client, postgres: Postgres, graph: Graph
) -> None:
    label(postgres, ALICE, "scam", name="0xabab mixer of names")
    score(postgres, graph, "cypher")  # a run brings labels into the graph
    wait_until(lambda: bool(found(api, "of MIXER")))  # the index of words is written a moment later
    assert found(api, "of MIXER") == [("name", ALICE)]
    assert found(api, "0xabab") == [("beginning", LISTED), ("name", ALICE)]
    assert found(api, "0xabab", limit=1) == [("beginning", LISTED)]
    assert api.get("/v1/search", params={"q": "0xabab", "limit": 1}).json()["is_cut"] is True
    assert found(api, "0xabab", chain="polygon") == []


def test_the_page_leads_to_the_one_and_lists_several(api: httpx.Client) -> None:
    html = {"Accept": "text/html"}
    one = api.get("/search", params={"q": "customer 42"}, headers=html)
    assert (one.status_code, one.headers["location"]) == (303, f"/wallets/ethereum%3A{BOB}")
    several = api.get("/search", params={"q": "0x0000"}, headers=html)
    assert several.status_code == 200
    assert several.text.count("begins so") >= 3
    assert api.get("/search", params={"q": "nobody is called so"}, headers=html).status_code == 404
    assert api.get("/search", params={"q": " "}, headers=html).status_code == 422


def test_without_the_graph_names_are_not_searched_and_the_answer_says_so(
    settings: Settings, postgres: Postgres
) -> None:
    label(postgres, LISTED, "sanctioned", name="Somebody Listed", source="a list")
    gone = Graph("bolt://127.0.0.1:1", "neo4j", settings.neo4j_password, retry_seconds=0)
    with served(settings, postgres, gone) as api:
        answer = api.get("/v1/search", params={"q": "0xabab"}).json()
        assert [each["match"] for each in answer["results"]] == ["beginning"]
        assert "Names were not searched" in answer["incomplete_reasons"][0]
    gone.close()
