"""Clients are generated from the document without a warning, and every operation answers with its type."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.record.imports import begin_import
from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.api.path_values import path_values
from tests.support.builders import transfer
from tests.support.environment import API_TOKEN
from tests.support.ingesting import ingest, produce_raw
from tests.support.record import label, score
from tests.support.run_story import BOB, MIXER, STORY
from tests.support.serving import served

DOCUMENT = PROJECT / "docs" / "openapi.json"
TOOLS = Path(sys.executable).parent.parent / "clients" / "bin"
WALLET = f"ethereum:{BOB}"
OPERATIONS = [
    (method, path, operation)
    for path, methods in json.loads(DOCUMENT.read_text())["paths"].items()
    for method, operation in methods.items()
]
OPERATIONS.sort(key=lambda each: each[0] == "delete")  # what others answer about is deleted last
pytestmark = pytest.mark.skipif(
    not (TOOLS / "openapi-python-client").exists(),
    reason="the generators of .venv/clients are not here",
)
EVENT = {
    "schema_version": 1,
    "chain": "ethereum",
    "transaction_hash": "0x12",
    "transfer_index": 0,
    "asset": "ETH",
}
BODIES: dict[str, dict[str, Any]] = {
    "start_run": {"engine": "ledger"},
    "mark_holes_seen": {"hole_ids": [1]},
    "reconcile_graph": {"repair": False},
    "expand_wallet": {"way": "in", "shown": []},
    "get_picture": {"chain": "ethereum", "shown": [BOB]},
    "publish_transfers": {"transfers": [EVENT]},
    "add_labels": {
        "labels": [{"chain": "ethereum", "address": BOB, "category": "scam", "name": "x", "source": "desk"}]
    },
    "ask_question": {"wallet": WALLET},
    "add_webhook": {"url": "https://desk.example/aml"},
    "update_alert": {"status": "closed", "outcome": "no_action", "note": "known"},
    "watch_wallets": {"watched_wallets": [{"chain": "ethereum", "address": BOB}]},
    "screen_subjects": {"subjects": [{"type": "wallet", "address": BOB, "reference": "deposit 2"}]},
}
FAILING = {"mark_holes_seen": 404, "get_operation": 404, "cancel_run": 409}
"""Operations of what the record of this test does not have."""


def generated(command: list[str | Path]) -> None:
    """Runs a generator; whatever it warns of fails."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # it formats with ruff
    done = subprocess.run(
        list(map(str, command)),
        env={**os.environ, "PATH": path, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "arning" not in done.stdout + done.stderr


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a generated package that can be imported."""
    folder = tmp_path_factory.mktemp("client")
    target = folder / "generated_client"
    generated([
        TOOLS / "openapi-python-client", "generate", "--path", DOCUMENT, "--fail-on-warning",
        "--meta", "none", "--output-path", target,
    ])  # fmt: skip
    sys.path.insert(0, str(folder))
    yield "generated_client"
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == "generated_client"]:
        del sys.modules[name]


def test_models_are_generated_without_a_warning(tmp_path: Path) -> None:
    models = tmp_path / "models.py"
    generated([
        TOOLS / "datamodel-codegen", "--input", DOCUMENT, "--input-file-type", "openapi", "--output", models,
        "--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin", "--use-annotated",
    ])  # fmt: skip
    text = models.read_text()
    assert "class Problem(BaseModel)" in text
    compile(text, str(models), "exec")


def module_of(package: str, operation: dict[str, Any]) -> Any:  # noqa: ANN401 - generated
    tag = operation["tags"][0].replace(" ", "_")
    return importlib.import_module(f"{package}.api.{tag}.{operation['operationId']}")


def arguments(package: str, operation: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an operation: its path, and its body as the generated model."""
    paths = [each["name"] for each in operation.get("parameters", []) if each["in"] == "path"]
    made = {name: known[name] for name in paths}
    if operation["operationId"] == "get_contract":
        names = importlib.import_module(f"{package}.models.get_contract_name")
        made["name"] = names.GetContractName.TRANSFER
    if operation["operationId"] == "get_score_report":
        made["format_"] = importlib.import_module(f"{package}.models").GetScoreReportFormat.JSON
    if operation["operationId"] == "list_matches":
        made["q"] = BOB
    if body := BODIES.get(operation["operationId"]):
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        models = importlib.import_module(f"{package}.models")
        made["body"] = getattr(models, reference.rpartition("/")[2]).from_dict(body)
    return made


def test_every_operation_answers_the_generated_client_with_its_type(
    package: str, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    label(postgres, MIXER, "mixer")
    ingest(settings, postgres, graph, STORY)
    produce_raw(settings, [(None, b"{")])
    ingest(settings, postgres, graph)
    for _ in range(2):
        score(postgres)
    client_of = importlib.import_module(f"{package}.client").AuthenticatedClient
    problem = importlib.import_module(f"{package}.models").Problem
    with served(settings, postgres, graph) as api:
        letter = api.get("/v1/dead-letters").json()["dead_letters"][0]
        known = {
            **{name: letter[name] for name in ("topic", "partition", "offset")},
            "wallet": WALLET,
            "name": None,
            "run_id": 1,
            "run_id_before": 1,
            "run_id_after": 2,
            "operation_id": "0" * 32,
            "transaction_hash": transfer(10, 1, 2, 1).transaction_hash,
            "question": "01",
            "import_id": postgres.run(
                lambda connection: begin_import(connection, "d" * 64, "e/", 0, is_of_blocks=False)
            ),
            **path_values(api, MIXER, BOB),
        }
        right = client_of(base_url=str(api.base_url), token=API_TOKEN, timeout=60)
        wrong = client_of(base_url=str(api.base_url), token="another" * 5, timeout=60)
        for method, path, operation in OPERATIONS:
            module, given = module_of(package, operation), arguments(package, operation, known)
            where = (method, path)
            answer = module.sync_detailed(client=right, **given)
            expected = FAILING.get(operation["operationId"])
            if expected is None:
                assert answer.status_code in {200, 202}, (where, answer.content)
                is_text = "application/json" not in answer.headers.get("content-type", "")
                assert is_text or answer.parsed is not None, where
                assert not isinstance(answer.parsed, problem), where
            else:
                assert (answer.status_code, type(answer.parsed)) == (expected, problem), where
            if "security" in operation:
                refused = module.sync_detailed(client=wrong, **given)
                assert (refused.status_code, type(refused.parsed)) == (401, problem), where
                assert refused.parsed.request_id == refused.headers["x-request-id"]
        for client in (right, wrong):
            client.get_httpx_client().close()
