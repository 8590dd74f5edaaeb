"""The client for Python: its models are those of the document, and it needs nothing of the server."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from aml_client import AmlClient, AmlError
from make_models import DOCUMENT, MODELS, OPERATIONS, generated
from tests.support.paths import PROJECT

CLIENT = PROJECT / "clients" / "python"
GENERATOR = Path(sys.executable).parent.parent / "clients" / "bin" / "datamodel-codegen"


@pytest.mark.skipif(not GENERATOR.exists(), reason="the generators of .venv/clients are not here")
def test_the_models_are_current() -> None:
    assert generated(GENERATOR) == MODELS.read_text(), "commit what `make client-models` writes"


def test_every_operation_of_the_list_is_in_the_document() -> None:
    text = DOCUMENT.read_text()
    assert [name for name in OPERATIONS if f'"operationId": "{name}"' not in text] == []


def test_its_wheel_has_its_modules_and_types() -> None:
    files = {file.distribution_path for file in WheelBuilder(str(CLIENT)).recurse_included_files()}
    modules = {f"aml_client/{file.name}" for file in (CLIENT / "aml_client").glob("*.py")}
    assert files == {*modules, "aml_client/py.typed"}


def test_without_a_token_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AML_API_TOKEN", raising=False)
    with pytest.raises(AmlError, match="AML_API_TOKEN"):
        AmlClient()


def test_it_imports_nothing_but_its_dependencies() -> None:
    described = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    allowed = {"aml_client", *(one.partition(">")[0] for one in described["dependencies"])}
    imported = set()
    for file in (CLIENT / "aml_client").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    assert imported - sys.stdlib_module_names == allowed


def test_its_minimum_versions_are_not_above_those_that_are_tested() -> None:
    locked = (PROJECT / "requirements.lock").read_text()
    for one in tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]["dependencies"]:
        name, _, least = one.partition(">=")
        (tested,) = [line.split()[0] for line in locked.splitlines() if line.startswith(f"{name}==")]
        assert [int(part) for part in tested.partition("==")[2].split(".")] >= [
            int(part) for part in least.split(".")
        ]
