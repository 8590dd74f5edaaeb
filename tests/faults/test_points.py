"""The fault points themselves: none by accident, none forgotten."""

import subprocess
import sys

import pytest

from app.errors import InvalidInput
from app.settings import PROJECT
from ingest import faults
from ingest.faults import POINTS, VARIABLE, arm, fault_point, parse
from tests.faults.test_killed_consumer import POINTS as KILLED_AT


def test_every_point_is_tried() -> None:
    assert {*KILLED_AT, "during_reload", "during_rebalance"} == set(POINTS)


def test_without_the_variable_nothing_is_armed_and_every_point_is_passed() -> None:
    assert not arm({})
    assert not arm({VARIABLE: ""})
    for point in POINTS:
        fault_point(point)
    assert faults.Armed.fault is None


@pytest.mark.parametrize(
    "given", ["after_pool", "after_poll:0", "after_poll:x", "after_poll:1:stop", "after_poll:1:kill:2", ":"]
)
def test_what_names_no_fault_is_refused_with_the_list_of_points(given: str) -> None:
    with pytest.raises(InvalidInput, match="between_postgres_and_offset_commit"):
        parse(given)


def test_a_consumer_with_a_misspelt_fault_does_not_start() -> None:
    environment = {
        "AML_POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "AML_NEO4J_URL": "bolt://127.0.0.1:1",
        "AML_NEO4J_PASSWORD": "none",
        "AML_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "AML_FAULT": "after_pool:3",
    }
    command = [sys.executable, "-m", "app.cli", "consume"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == InvalidInput.exit_code
    assert "AML_FAULT=after_pool:3 is no fault" in done.stderr
