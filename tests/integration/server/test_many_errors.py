"""A request that is wrong in many places gets a short answer, which says how many more there are."""

import json
from collections.abc import Iterator

import httpx
import pytest

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.serving import served

MANY = {f"k{number}": 1 for number in range(3_000)}
FEW_KIB = 40_000
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    with served(settings, postgres, graph) as client:
        yield client


BODIES = (
    ("/v1/run-score", MANY),
    ("/v1/labels", {"labels": [MANY]}),
    ("/v1/labels", {"labels": [{}] * 1_000}),
    ("/v1/screenings", {"subjects": [{"type": "wallet", **MANY}]}),
    ("/v1/questions/01", MANY),
    ("/v1/run-score", {"x" * 50_000: 1}),
    ("/v1/labels", {"labels": [{"x" * 50_000: 1}]}),
)


def test_many_errors_of_a_body_are_counted(client: httpx.Client) -> None:
    for path, body in BODIES:
        answer = client.post(path, json=body)
        assert answer.status_code == 422, path
        assert len(answer.content) < FEW_KIB
        told = answer.json()["errors"]
        assert 1 <= len(told) <= 50
        if len(told) == 50:
            assert " more" in answer.json()["detail"]


def test_many_unknown_parameters_are_counted(client: httpx.Client) -> None:
    for path in ("/v1/version", "/v1/health", "/v1/scores/top"):
        answer = client.get(path + "?" + "&".join(f"k{number}=1" for number in range(6_000)))
        assert answer.status_code == 422
        assert len(answer.content) < FEW_KIB
        assert len(answer.json()["errors"]) == 50
        assert "5950 more" in answer.json()["detail"]
        repeated = client.get(path + "?" + "a=1&" * 5_000)
        assert len(repeated.content) < FEW_KIB
        assert "a" * 3_000 not in client.get(f"{path}?{'a' * 3_000}=1").text


def test_a_body_of_too_many_values_is_too_large(client: httpx.Client) -> None:
    for body in (
        json.dumps({"labels": [{f"k{number}": 1 for number in range(140_000)}]}),
        '{"labels":[' + "{}," * 600_000 + "{}]}",
        '{"labels":[' + '{"":1,"":1},' * 150_000 + "{}]}",
    ):
        answer = client.post("/v1/labels", content=body, headers=JSON)
        assert answer.status_code == 413
        assert len(answer.content) < 1_000


def test_commas_in_texts_are_no_values(client: httpx.Client) -> None:
    body = json.dumps({"labels": [{"name": ',"\\,' * 10_000}]})
    assert client.post("/v1/labels", content=body, headers=JSON).status_code == 422
