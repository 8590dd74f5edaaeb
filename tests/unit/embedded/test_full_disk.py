"""A full disk ends neither the supervisor nor a process that logs: they write when there is space."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import PROJECT
from embedded import restarts
from embedded.restarts import ProcessState, RestartLog, read_supervision

STATE = [ProcessState(name="kafka", state="running", pid=7, since="2026-11-28T00:00:00+00:00", restarts=0)]


def test_the_supervisor_writes_its_file_once_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RestartLog(tmp_path, 1)

    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(restarts, "write_json", refuse)
        log.write(STATE, ready=True)
    assert read_supervision(tmp_path) is None
    log.write(STATE, ready=True)
    supervision = read_supervision(tmp_path)
    assert supervision is not None
    assert supervision["processes"] == STATE


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_process_whose_log_is_full_goes_on(log_format: str) -> None:
    program = (
        "import structlog, logging; from app.logs import configure_logging;"
        f"configure_logging({log_format!r});"
        "structlog.get_logger().error('told', text='x' * 20_000); logging.getLogger('a').error('told');"
        "print('went on')"
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert done.stdout == b"went on\n"
