"""Each test is marked with the tier of its folder, and workers get what belongs together."""

import tomllib

import pytest

from tests.support.paths import PROJECT
from tests.support.tiers import TESTS, TOGETHER, scope_of, tier_of, workers


def test_a_test_has_the_marker_of_its_folder_and_no_other_tiers(request: pytest.FixtureRequest) -> None:
    tiers = {folder.name for folder in TESTS.iterdir() if list(folder.rglob("test_*.py"))}
    assert {mark.name for mark in request.node.iter_markers()} & tiers == {"unit"}
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"][
        "markers"
    ]
    assert {marker.partition(":")[0] for marker in declared} == tiers


def test_tiers_with_servers_of_their_own_stay_in_one_process_and_others_go_by_file() -> None:
    assert tier_of(TESTS / "faults" / "test_points.py") == "faults"
    assert {scope_of(f"tests/{tier}/test_{n}.py::test_a") for tier in TOGETHER for n in "ab"} == {*TOGETHER}
    file = "tests/integration/runs/test_run.py"
    assert scope_of(f"{file}::test_a[x::y/z]") == file


def test_servers_that_are_there_once_are_used_by_one_process() -> None:
    assert workers(own_servers=False) == 0
    assert workers(own_servers=True) != 1  # that would be one process more, for nothing
