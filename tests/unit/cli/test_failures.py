"""How commands end that cannot do their work: one sentence, an exit code, never a Python trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from app.cli import app, print_error
from app.cli.servers import trace_in_log
from app.errors import AmlError, DependencyMissing, NotFound, NotReady
from app.settings import PROJECT
from embedded.home import open_home

BROKEN = """
import sys
import app.cli.policy
def load_policy(file):
    raise TypeError("a [bug] of ours")
app.cli.policy.load_policy = load_policy
sys.argv = ["aml", *sys.argv[1:]]
app.cli.main()
"""


def invoke(*arguments: str) -> Result:
    """A command in this process; what it raises is raised here."""
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def run(*arguments: str, code: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, whose environment names no servers."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AML_")}
    start = ("-m", "app.cli") if code is None else ("-c", code)
    return subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=PROJECT,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


FULL = BROKEN.replace(
    'raise TypeError("a [bug] of ours")',
    'raise OSError(28, "No space left on device", "/somewhere/file")',
)


def test_a_full_disk_is_named_in_one_sentence() -> None:
    done = run("policy", "check", code=FULL)
    assert done.returncode == 3
    assert done.stderr == "disk-full: The disk of this machine is full (/somewhere/file). Free some space.\n"


def test_wrong_use_is_one_sentence_and_exit_code_2() -> None:
    done = CliRunner().invoke(app, ["top", "--limit", "0"])
    assert done.exit_code == 2
    assert "Invalid value for '--limit'" in done.stderr


def test_missing_servers_are_one_sentence_and_exit_code_3(tmp_path: Path) -> None:
    done = run("top", "--home", str(tmp_path))
    assert done.returncode == 3
    start = (
        f"dependency-missing: There is no instance in {tmp_path}. Start one with `aml up --home {tmp_path}`."
    )
    assert done.stderr.startswith(start)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("command", "error"), [("down", NotFound), ("status", NotReady)])
def test_an_absent_instance_is_neither_stopped_nor_shown(
    command: str, error: type[AmlError], tmp_path: Path
) -> None:
    assert error.exit_code == 1
    with pytest.raises(error, match=r"There is no instance in .*/none\."):
        invoke(command, "--home", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_a_stopped_instance_is_told_from_an_absent_one(tmp_path: Path) -> None:
    with open_home(tmp_path):
        pass
    assert invoke("down", "--home", str(tmp_path)).stderr == f"The instance in {tmp_path} is stopped.\n"
    with pytest.raises(NotReady, match=r"The instance in .* is stopped\. Start it with `aml up --home .*`\."):
        invoke("status", "--home", str(tmp_path))


@pytest.mark.parametrize(
    "variables", [{}, {"AML_NEO4J_URL": "bolt://127.0.0.1:7687"}, {"AML_POSTGRES_URL": ""}]
)
def test_commands_on_a_stopped_instance_offer_to_start_it(tmp_path: Path, variables: dict[str, str]) -> None:
    with open_home(tmp_path):
        pass
    done = run("top", "--home", str(tmp_path), **variables)
    assert done.returncode == 3
    assert done.stderr == (
        f"dependency-missing: The instance in {tmp_path} is stopped. Start it with "
        f"`aml up --home {tmp_path}`.\n"
    )
    with open_home(tmp_path):
        starting = run("top", "--home", str(tmp_path), **variables)
    assert "is starting or stopping" in starting.stderr


def test_an_unexpected_error_is_one_sentence_that_names_the_file_of_its_trace(tmp_path: Path) -> None:
    done = run("policy", "check", code=BROKEN, TMPDIR=str(tmp_path))
    (file,) = tmp_path.glob("aml-*.log")
    assert done.returncode == 1
    assert done.stderr.startswith("unexpected: TypeError: a [bug] of ours ")
    assert str(file) in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" in file.read_text()


def test_the_debug_switch_prints_the_trace(tmp_path: Path) -> None:
    done = run("--debug", "policy", "check", code=BROKEN, TMPDIR=str(tmp_path))
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr
    assert done.stderr.splitlines()[-1] == "unexpected: TypeError: a [bug] of ours"
    assert list(tmp_path.iterdir()) == []


def test_a_service_logs_its_trace_and_keeps_the_sentence_of_a_known_error() -> None:
    with capture_logs() as lines, pytest.raises(typer.Exit) as ended, trace_in_log():
        raise TypeError("a bug of ours")
    assert ended.value.exit_code == 1
    assert lines == [{"event": "unexpected_error", "log_level": "error", "exc_info": True}]
    with pytest.raises(DependencyMissing, match="away"), trace_in_log():
        raise DependencyMissing("Kafka is away.")


def test_markup_in_a_sentence_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(DependencyMissing("Install the extra with `pip install 'aml-risk[embedded]'`."))
    assert (
        capsys.readouterr().err
        == "dependency-missing: Install the extra with `pip install 'aml-risk[embedded]'`.\n"
    )
