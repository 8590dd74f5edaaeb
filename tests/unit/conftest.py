"""Tests of this tier start no server."""

import pytest


@pytest.fixture(scope="session")
def servers() -> None:
    """Refuses."""
    pytest.fail("a unit test asks for servers: it belongs into another tier")
