"""A bot proposes newer versions of what is pinned, and an audit says which of them is known to be unsafe."""

import json
import re
from typing import Any

from ruamel.yaml import YAML

from app.settings import PROJECT
from tests.support.compose import compose, filled

BOT: dict[str, Any] = json.loads((PROJECT / "renovate.json").read_text())
AUDIT: dict[str, Any] = YAML(typ="safe", pure=True).load(PROJECT / ".github" / "workflows" / "audit.yml")
EXAMPLE = (PROJECT / ".env.example").read_text()
LOCKS = {path.name for path in PROJECT.glob("requirements*.lock")}


def test_the_bot_pins_images_and_actions_and_renews_them() -> None:
    assert {"docker:pinDigests", "helpers:pinGitHubActionDigests"} <= {*BOT["extends"]}
    managers = {"docker-compose", "dockerfile", "github-actions", "npm", "custom.regex"}
    assert managers <= {*BOT["enabledManagers"]}


def test_the_bot_changes_the_example_of_an_image_with_the_image() -> None:
    (manager,) = BOT["customManagers"]
    (file,) = manager["managerFilePatterns"]
    assert re.search(file.strip("/"), ".env.example")
    (pattern,) = (re.compile(each.replace("(?<", "(?P<")) for each in manager["matchStrings"])
    seen = {f"{found['depName']}:{found['currentValue']}" for found in pattern.finditer(EXAMPLE)}
    images = {filled(each["image"]) for each in compose()["services"].values() if "${" in each["image"]}
    assert seen == images
    pinned = pattern.search(f"# POSTGRES_IMAGE=postgres:18@sha256:{'ab' * 32}")
    assert pinned is not None
    assert pinned["currentDigest"] == f"sha256:{'ab' * 32}"


def test_the_bot_leaves_alone_what_it_cannot_judge() -> None:
    left = [rule for rule in BOT["packageRules"] if rule.get("enabled") is False]
    named = {name for rule in left for name in rule["matchPackageNames"]}
    assert named == {"apache/kafka", "neo4j", "postgres", "aml-risk"}
    assert all(rule["description"] for rule in BOT["packageRules"])


def test_everything_that_is_locked_is_audited_every_week() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    recipe = makefile.split("\naudit:")[1].split("\n\n")[0]
    audited = set(re.findall(r"requirements[\w-]*\.lock", recipe))
    assert audited == {"requirements-dev.lock", "requirements-clients.lock", "requirements-audit.lock"}
    everything = set().union(*(locked(lock) for lock in LOCKS))
    assert everything == set().union(*(locked(lock) for lock in audited))
    assert "audit" in recipe.split("npm")[1]
    assert "schedule" in AUDIT["on"]
    assert any(
        "make audit" in str(step.get("run")) for job in AUDIT["jobs"].values() for step in job["steps"]
    )


def locked(name: str) -> set[str]:
    """Each package of a lock with its version and for whom it is."""
    lines = (PROJECT / name).read_text().splitlines()
    return {line.removesuffix("\\").strip() for line in lines if re.match(r"[a-z]", line)}


def test_every_lock_is_renewed_by_one_command() -> None:
    recipe = (PROJECT / "Makefile").read_text().split("\nlock:")[1].split("\n\n")[0]
    assert set(re.findall(r"-o (requirements[\w-]*\.lock)", recipe)) == LOCKS
