"""The image holds what the commands need, and nothing to install software with or to become another user."""

import json
import subprocess

import pytest

from app.settings import PROJECT
from tests.support.servers.containers import missing

BUILD_SECONDS = 1_200


@pytest.fixture(scope="module")
def image(request: pytest.FixtureRequest) -> str:
    """The image as `docker build .` makes it."""
    if not request.config.getoption("--stack"):
        pytest.skip("builds the image: make test-containers")
    if lacking := missing(pull=True):
        pytest.skip(lacking)
    words = ["docker", "build", "--quiet", "."]
    return subprocess.run(
        words, cwd=PROJECT, capture_output=True, text=True, timeout=BUILD_SECONDS, check=True
    ).stdout.strip()


def inside(image: str, script: str) -> str:
    """What a shell in the image prints, as root: the image itself must hold, not only its user's rights."""
    words = ["docker", "run", "--rm", "--network", "none", "--user", "root", image, "sh", "-c", script]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_installs_software(image: str) -> None:
    tools = "apt apt-get apt-cache dpkg dpkg-deb pip pip3 npm node perl gcc cc make curl wget git"
    assert inside(image, f"for tool in {tools}; do command -v $tool || true; done") == ""
    folders = "/etc/apt /usr/lib/apt /usr/lib/*/perl-base /usr/local/lib/python3*/ensurepip"
    assert inside(image, f"ls -d {folders} 2>/dev/null || true") == ""


def test_nothing_makes_whoever_starts_it_another_user(image: str) -> None:
    assert inside(image, "find / -xdev -type f -perm /6000") == ""


def test_scanners_still_read_which_packages_are_in_it(image: str) -> None:
    status = inside(image, "cat /var/lib/dpkg/status")
    assert "Package: libc6\n" in status
    assert "Package: perl-base\n" not in status
    assert "Package: apt\n" not in status


def test_its_kernels_are_compiled_also_where_nothing_is_writable_but_tmp(image: str) -> None:
    words = ["docker", "run", "--rm", "--read-only", "--tmpfs", "/tmp", "--user", "12345:12345", image]  # noqa: S108
    command = [*words, "aml", "compile-kernels", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert {kernel["compiled"] for kernel in json.loads(done.stdout).values()} == {0}


def test_its_user_runs_the_command(image: str) -> None:
    words = ["docker", "run", "--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", image]  # noqa: S108
    done = subprocess.run([*words, "id", "-u"], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "10001"
    helped = subprocess.run(
        [*words, "aml", "--help"], capture_output=True, text=True, timeout=120, check=True
    )
    assert "produce" in helped.stdout
