"""The whole stack as a user starts it, once for all tests of this folder, and removed afterwards."""

from collections.abc import Iterator

import pytest

from tests.containers.stack import Stack
from tests.support.servers.containers import missing


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The default stack, built, started and healthy."""
    if not request.config.getoption("--stack"):
        pytest.skip("builds the image and starts the whole stack: make test-containers")
    if lacking := missing(pull=True):
        pytest.skip(lacking)
    stack = Stack()
    try:
        stack.compose("up", "--detach", "--build", "--wait", "--wait-timeout", "900")
        yield stack
    finally:
        stack.compose("--profile", "*", "down", "--volumes", "--remove-orphans", check=False)
