"""Which servers a session of tests uses, and what it says of it."""

import pytest

from tests.support.servers import containers
from tests.support.servers.choice import ADDRESSES, choose

GIVEN = dict.fromkeys(ADDRESSES, "somewhere")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "missing", lambda *, pull: None)  # noqa: ARG005 - the same signature


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "missing", lambda *, pull: "no Docker engine answers")  # noqa: ARG005


@pytest.mark.usefixtures("engine")
def test_addresses_come_first_then_containers() -> None:
    assert choose("auto", GIVEN).kind == "environment"
    assert choose("auto", {}).kind == "containers"
    assert choose("containers", GIVEN).kind == "containers"
    assert choose("embedded", GIVEN).kind == "embedded"


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_they_are_embedded_and_the_reason_is_told() -> None:
    assert (choose("auto", {}).kind, choose("auto", {}).reason) == ("embedded", "no Docker engine answers")


@pytest.mark.usefixtures("no_engine")
def test_who_insists_on_containers_is_told_what_stands_in_the_way() -> None:
    with pytest.raises(pytest.UsageError, match="--servers containers: no Docker engine answers"):
        choose("containers", {})


@pytest.mark.parametrize("asked", ["auto", "environment"])
def test_half_an_environment_is_a_mistake(asked: str) -> None:
    with pytest.raises(pytest.UsageError, match="set AML_TEST_KAFKA_BOOTSTRAP_SERVERS, AML_TEST_NEO4J_URL"):
        choose(asked, {"AML_TEST_POSTGRES_URL": "somewhere"})


def test_the_applications_own_variables_name_no_test_servers() -> None:
    with pytest.raises(pytest.UsageError, match="AML_TEST_POSTGRES_URL"):
        choose("environment", {"AML_POSTGRES_URL": "a", "AML_NEO4J_URL": "b"})
