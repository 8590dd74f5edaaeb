"""What compose.dev.yml makes of the stack: read as YAML, and by Compose itself where its client is there."""

from typing import Any

import pytest

from app.settings import PROJECT
from tests.support.compose import COMPOSE, DEVELOPMENT, compose, development, resolved

Services = dict[str, dict[str, Any]]
WATCHED = {"api", "consumer", "worker"}


@pytest.fixture(params=["yaml", "client"])
def services(request: pytest.FixtureRequest) -> Services:
    """The services of both files together."""
    if request.param == "yaml":
        merged: Services = development()["services"]
        return merged
    document = resolved(COMPOSE, DEVELOPMENT)
    if document is None:
        pytest.skip("no `docker compose` here")
    read: Services = document["services"]
    return read


def ours(services: Services) -> Services:
    return {name: each for name, each in services.items() if each["image"].startswith("aml-risk:")}


def test_a_tag_has_one_builder_and_is_never_pulled(services: Services) -> None:
    for tag in {each["image"] for each in ours(services).values()}:
        users = [each for each in services.values() if each["image"] == tag]
        assert sum("build" in each for each in users) == 1, tag
        assert {each.get("pull_policy") for each in users} == {"never"}, tag


def test_ours_run_the_image_with_the_test_tools(services: Services) -> None:
    assert {each["image"] for each in ours(services).values()} & {"aml-risk:local"} == set()
    for each in ours(services).values():
        assert each.get("build", {"target": "development"})["target"] == "development"


def test_nothing_else_differs_but_what_work_on_the_code_needs(services: Services) -> None:
    plain = compose()["services"]
    assert services.keys() == plain.keys()
    for name, each in services.items():
        for key in ("cap_drop", "security_opt", "logging", "user"):
            assert each.get(key) == plain[name].get(key)
        assert bool(each.get("read_only")) is (bool(plain[name].get("read_only")) and name not in WATCHED)
    assert {name for name, each in services.items() if "develop" in each} == WATCHED


@pytest.mark.parametrize("name", sorted(WATCHED))
def test_a_changed_source_goes_into_the_container_and_a_changed_lock_makes_a_new_image(
    services: Services, name: str
) -> None:
    rules = services[name]["develop"]["watch"]
    (sources,) = (rule for rule in rules if rule["action"].startswith("sync"))
    assert (PROJECT / sources["path"]).resolve() == PROJECT
    assert sources["target"] == "/app"
    assert not {"app/", "cypher/", "ingest/", "policy.yaml"} & {*sources.get("ignore", [])}
    rebuilding = {(PROJECT / rule["path"]).resolve() for rule in rules if rule["action"] == "rebuild"}
    assert rebuilding == {
        PROJECT / file for file in ("Dockerfile", "pyproject.toml", "requirements-dev.lock")
    }
    assert "build" in services[name], "Compose rebuilds what it can build"


def test_the_consumer_starts_again_by_watch_and_the_api_by_itself(services: Services) -> None:
    actions = {name: {rule["action"] for rule in services[name]["develop"]["watch"]} for name in WATCHED}
    assert actions == {
        "api": {"sync", "rebuild"},
        "consumer": {"sync+restart", "rebuild"},
        "worker": {"sync+restart", "rebuild"},
    }
    assert services["api"]["command"] == ["aml", "api", "--reload"]
