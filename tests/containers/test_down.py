"""Every profile used, then everything deleted: no container, no password, no file is left."""

from collections.abc import Iterator

import pytest

from tests.containers.stack import Stack, unnamed_volumes
from tests.support.servers.containers import missing

TEST_SERVERS = ("postgres-test", "neo4j-test", "kafka-test")
OBSERVERS = ("prometheus", "grafana")


@pytest.fixture
def fresh(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A project of which nothing is there yet."""
    if not request.config.getoption("--stack"):
        pytest.skip("builds the image and starts the whole stack: make test-containers")
    if lacking := missing(pull=True):
        pytest.skip(lacking)
    stack = Stack()
    try:
        yield stack
    finally:
        stack.compose("--profile", "*", "down", "--volumes", "--remove-orphans", check=False)


def test_nothing_is_left_of_any_profile(fresh: Stack) -> None:
    before = unnamed_volumes()
    fresh.compose("--profile", "story", "up", "--detach", "--build")
    fresh.compose("--profile", "tests", "up", "--detach", *TEST_SERVERS)
    if fresh.has_images(*OBSERVERS):
        fresh.compose("--profile", "observability", "up", "--detach", *OBSERVERS)
    fresh.compose("--profile", "story", "wait", "producer", "labels")
    used = {name.rpartition("_")[2] for name in fresh.left()["volumes"]}
    assert used >= {"secrets-aml", "files", "neo4j", "neo4j-logs", "postgres", "neo4j-test"}
    fresh.compose("--profile", "*", "down", "--volumes")
    assert fresh.left() == {"containers": set(), "volumes": set(), "networks": set()}
    assert unnamed_volumes() <= before


def test_a_plain_down_keeps_the_data_and_leaves_no_volume_without_a_name(fresh: Stack) -> None:
    before = unnamed_volumes()
    servers = ("postgres", "neo4j", "kafka", *TEST_SERVERS)
    fresh.compose("--profile", "tests", "up", "--detach", "--build", *servers)
    fresh.compose("--profile", "tests", "down")
    assert unnamed_volumes() <= before
    assert fresh.left()["containers"] == set()
    assert any(name.endswith("_neo4j-logs") for name in fresh.left()["volumes"])
