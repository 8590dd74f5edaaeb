"""The workflow: pinned, with few rights, on the stack's images, calling targets that exist."""

import re
import tomllib
from typing import Any

from ruamel.yaml import YAML

from app.settings import PROJECT
from tests.support.compose import service

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
TEXT = "".join(path.read_text() for path in WORKFLOWS)
JOBS: dict[str, dict[str, Any]] = {
    name: job for path in WORKFLOWS for name, job in YAML(typ="safe", pure=True).load(path)["jobs"].items()
}


def test_every_action_is_pinned_to_a_commit_and_says_its_version() -> None:
    used = re.findall(r"uses: (.*)", TEXT)
    assert used
    for each in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_no_job_may_write_or_run_forever() -> None:
    assert TEXT.count("\npermissions:\n  contents: read\n") == len(WORKFLOWS)
    assert TEXT.count("persist-credentials: false") == TEXT.count("actions/checkout@")
    for job in JOBS.values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 60


def test_the_service_containers_are_the_stacks() -> None:
    services = JOBS["services"]["services"]
    assert services.keys() == {"postgres", "neo4j", "kafka"}
    for name, given in services.items():
        described = service(f"{name}-test")
        assert given["image"] == described.image
        for key, value in given["env"].items():
            assert key == "KAFKA_ADVERTISED_LISTENERS" or described.environment[key] == str(value), key


def test_every_target_that_is_called_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    called = set(re.findall(r"run: make ([a-z-]+)", TEXT))
    needed = {"lint", "types", "drift", "test", "image", "openapi", "test-containers", "test-image"}
    assert needed <= called <= targets


def test_types_are_checked_on_the_oldest_and_the_newest_python() -> None:
    """Each with the packages that its lock names for it: numpy's types differ between the two."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    oldest = project["project"]["requires-python"].removeprefix(">=")
    dockerfile = (PROJECT / "Dockerfile").read_text()
    (newest,) = re.findall(r"^ARG PYTHON_IMAGE=python:(\d\.\d+)", dockerfile, re.MULTILINE)
    assert JOBS["code"]["strategy"]["matrix"]["python"] == [oldest, newest]
    assert "python_version" not in project["tool"]["mypy"], "mypy checks for the Python it runs on"


def test_the_oldest_and_a_newer_python_make_the_same_documents() -> None:
    code = JOBS["code"]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    oldest, *newer = code["strategy"]["matrix"]["python"]
    assert project["requires-python"] == f">={oldest}"
    assert newer
    runs = [step["run"] for step in code["steps"] if "run" in step]
    assert runs.index("make openapi") < runs.index("git diff --exit-code docs/openapi.json docs/contract")
