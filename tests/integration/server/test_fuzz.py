"""Whatever is asked for, however oddly, is an answer or a fault of the asker: never a fault of the server."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.run_story import ALICE, BOB, tell_project_and_score
from tests.support.serving import served

PAGES = [
    "/",
    "/wallets/{wallet}",
    "/wallets/{wallet}/transfers",
    "/wallets/{wallet}/paths/{wanted}",
    "/sign-in",
]
QUICK = examples(
    max_examples=100,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),  # to shrink what it finds would take minutes
)

numbers = st.integers().map(str) | st.floats().map(str)
addresses = st.sampled_from(
    [
        ALICE,
        f"ethereum:{BOB}",
        "0x" + "aa" * 20,
        "0x" + "Ab" * 20,
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "ethereum:",
    ]
)
cursors = st.sampled_from(
    ["WzMsIDE0MDAwMDAwLCA0Ml0=", "WzFd", "W10=", "bnVsbA==", "e30=", "WzFlOTk5LCAxLCAxXQ=="]
)
odd = (
    st.text(st.characters(codec="utf-8"), max_size=60) | numbers | addresses | cursors | st.just("x" * 3_000)
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_project_and_score(postgres, graph, "ledger")
    with served(settings, postgres, graph) as client:
        yield client


def check(answer: httpx.Response) -> None:
    assert answer.status_code != 500, (str(answer.request.url), answer.text[:500])


def test_no_odd_parameter_is_a_fault_of_the_server(client: httpx.Client) -> None:
    paths = json.loads((PROJECT / "docs" / "openapi.json").read_text())["paths"]
    reads = sorted(path for path, methods in paths.items() if "get" in methods)
    names = sorted(
        {
            parameter["name"]
            for methods in paths.values()
            for operation in methods.values()
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "query"
        }
    )

    @QUICK
    @given(
        st.sampled_from(reads + PAGES),
        st.lists(odd, min_size=2, max_size=2),
        st.dictionaries(st.sampled_from(names), odd, max_size=3),
    )
    @example("/scores/{wallet}", ["\0", ""], {})
    @example("/scores/top", ["", ""], {"cursor": "\0", "limit": "9" * 400})
    def ask(path: str, parts: list[str], query: dict[str, str]) -> None:
        for part in parts:
            head, brace, rest = path.partition("{")
            if brace:
                path = head + quote(part, safe="") + rest.partition("}")[2]
        check(client.get(path, params=query))

    ask()


def test_no_odd_body_or_header_is_a_fault_of_the_server(client: httpx.Client) -> None:
    headers = st.dictionaries(
        st.sampled_from(["Prefer", "Content-Type", "Accept", "Origin", "traceparent", "Cookie"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(str.strip),
    )
    bodies = st.binary(max_size=60) | json_values.map(
        lambda value: json.dumps({"engine": value, "odd": 1}).encode()
    )

    @QUICK
    @given(st.sampled_from(["/run-score", "/v1/runs/0/verify", "/sign-in"]), bodies.filter(bool), headers)
    def ask(path: str, body: bytes, with_headers: dict[str, str]) -> None:
        check(client.post(path, content=body, headers=with_headers))

    ask()
