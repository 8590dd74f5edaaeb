"""The committed OpenAPI document is the one that the API has, and keeps what clients rely on."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from app.answers.names import RiskLevel
from app.answers.problem import KINDS, PREFIX, TITLES
from app.cli.openapi import document
from app.policy.conditions import Level
from app.settings import PROJECT

WRITTEN = (PROJECT / "docs" / "openapi.json").read_text()
DOCUMENT = json.loads(WRITTEN)
NAMED = {
    ("post", "/v1/reload-graph"), ("post", "/v1/run-score"), ("get", "/v1/scores/top"),
    ("get", "/v1/scores/{wallet}"), ("get", "/v1/scores/explain/{wallet}"), ("get", "/v1/ingestion/status"),
    ("get", "/v1/ready"), ("get", "/v1/health"),
}  # fmt: skip
VERBS = {
    "add", "ask", "cancel", "compare", "expand", "explain", "forget", "get", "list", "mark", "publish",
    "reconcile", "reload", "remove", "replay", "rotate", "screen", "start", "test", "undo", "unwatch",
    "update", "verify", "watch",
}  # fmt: skip


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def everything_in(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Every object of the document."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from everything_in(child)


def test_the_committed_document_is_current() -> None:
    assert document() == WRITTEN, "the routes have changed: commit what `make openapi` writes"


def test_every_route_stands_under_v1_the_named_ones_too() -> None:
    assert {path[:4] for _, path, _ in operations()} == {"/v1/"}
    assert {(method, path) for method, path, _ in operations()} >= NAMED
    assert DOCUMENT["servers"][0]["url"] == "/"


def test_every_operation_is_a_verb_and_a_noun() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+|explain_score", name), name
        assert name.partition("_")[0] in VERBS, name


def test_every_error_is_a_problem_by_reference_with_a_title_of_ours() -> None:
    for method, path, operation in operations():
        statuses = {int(status) for status in operation["responses"]}
        assert statuses >= {403, 422}, (method, path)
        assert ("security" in operation) == ({401, 429} <= statuses), (method, path)
        assert ("requestBody" in operation) == ({400, 413, 415} <= statuses), (method, path)
        for status, answer in operation["responses"].items():
            if int(status) < 400:
                assert answer["content"], (method, path, status)
            elif (path, status) != ("/v1/ready", "503"):
                assert answer["description"] == TITLES[int(status)]
                (content,) = answer["content"].items()
                assert content[0] == "application/problem+json"
                assert content[1]["schema"] == {"$ref": "#/components/schemas/Problem"}
    types = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert types == [PREFIX + kind for kind in KINDS]


def test_every_answer_says_its_headers() -> None:
    headers = DOCUMENT["components"]["headers"]
    for method, path, operation in operations():
        for status, answer in operation["responses"].items():
            assert {each["$ref"] for each in answer["headers"].values()} == {
                f"#/components/headers/{name}" for name in answer["headers"]
            }
            assert answer["headers"].keys() <= headers.keys()
            assert "X-Request-ID" in answer["headers"]
            assert ("Retry-After" in answer["headers"]) == (status in {"409", "429"}), (method, path, status)


def test_a_wait_answers_with_the_schema_of_what_is_not_waited_for() -> None:
    for method, path, operation in operations():
        if "202" in operation["responses"] and operation["operationId"] != "compare_runs":
            done, accepted = (
                operation["responses"][status]["content"]["application/json"]["schema"]
                for status in ("200", "202")
            )
            assert done == accepted, (method, path)


def test_no_body_may_be_null_and_every_model_has_a_name_of_one_module() -> None:
    for method, path, operation in operations():
        if body := operation.get("requestBody"):
            assert "$ref" in body["content"]["application/json"]["schema"], (method, path)
    assert [name for name in DOCUMENT["components"]["schemas"] if "__" in name] == []


def test_unions_of_models_have_a_discriminator() -> None:
    for node in everything_in(DOCUMENT):
        named = [each["$ref"] for each in node.get("oneOf", node.get("anyOf", [])) if "$ref" in each]
        schemas = [DOCUMENT["components"]["schemas"][name.rpartition("/")[2]] for name in named]
        models = [schema for schema in schemas if "enum" not in schema]
        assert len(models) < 2 or "discriminator" in node, node


def test_a_text_that_is_one_of_a_few_has_one_name() -> None:
    """An enumeration inside a model would be a type of its own in every client."""
    schemas = DOCUMENT["components"]["schemas"]
    inline = {
        (name, field)
        for name, schema in schemas.items()
        for field, content in schema.get("properties", {}).items()
        for node in everything_in(content)
        if len(node.get("enum", [])) > 1
    }
    assert inline == {("Problem", "type")}


def test_the_levels_of_answers_are_those_of_policies() -> None:
    assert get_args(RiskLevel.__value__) == get_args(Level)


@pytest.mark.parametrize("name", ["cursor", "wallet"])
def test_cursors_and_wallets_have_a_pattern(name: str) -> None:
    found = [
        parameter["schema"]
        for _, _, operation in operations()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == name
    ]
    assert found
    for schema in found:
        assert any("pattern" in node for node in everything_in(schema)), schema
