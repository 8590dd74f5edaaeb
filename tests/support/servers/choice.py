"""Where a session's servers come from: addresses in the environment, containers, or embedded ones."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

import pytest

from app.settings import Settings
from embedded.urls import StackUrls, environment

Kind = Literal["environment", "containers", "embedded"]
ASKED = ("auto", "environment", "containers", "embedded")
ADDRESSES = ("AML_TEST_POSTGRES_URL", "AML_TEST_KAFKA_BOOTSTRAP_SERVERS", "AML_TEST_NEO4J_URL")
"""Their graph is wiped by every test, so the application's own variables never name them."""


@dataclass(frozen=True)
class Servers:
    """Where the session's servers are, and which kind they are.

    `postgres_url` names a role that may create databases; `kafka` are the settings that name Kafka.
    """

    kind: Kind
    postgres_url: str
    kafka: dict[str, str]
    neo4j_url: str
    neo4j_user: str
    neo4j_password: str
    neo4j_browser_url: str | None = None
    pids: dict[str, int] = field(default_factory=dict)

    @classmethod
    def embedded(cls, urls: StackUrls, pids: dict[str, int]) -> Self:
        """Those that a stack runs, each a process of this machine."""
        return cls(
            "embedded",
            urls.postgres_admin,
            settings_named("AML_KAFKA_", environment(urls)),
            urls.neo4j,
            urls.neo4j_user,
            urls.neo4j_password,
            urls.browser,
            pids,
        )


@dataclass(frozen=True)
class Choice:
    """Which servers a session uses, and why."""

    kind: Kind
    reason: str

    def start(self, folder: Path) -> AbstractContextManager[Servers]:
        """The servers, for as long as the block lasts; `folder` holds what embedded ones write."""
        starts: dict[Kind, Callable[[], AbstractContextManager[Servers]]] = {
            "environment": lambda: _given(os.environ),
            "containers": _contained,
            "embedded": lambda: _embedded(folder),
        }
        return starts[self.kind]()


def choose(asked: str, environment: Mapping[str, str]) -> Choice:
    """What `--servers` means on this machine. `auto` pulls no image: a gigabyte is not fetched unasked.

    Raises:
        pytest.UsageError: what is asked for is not there.
    """
    given = [name for name in ADDRESSES if environment.get(name)]
    absent = ", ".join(name for name in ADDRESSES if name not in given)
    if asked == "environment" or (asked == "auto" and given):
        if absent:
            raise pytest.UsageError(f"The environment does not say where all servers are: set {absent}.")
        return Choice("environment", "named by the environment")
    if asked == "embedded":
        return Choice("embedded", "asked for")
    from tests.support.servers.containers import missing  # noqa: PLC0415 - half a second, and seldom needed

    lacking = missing(pull=asked == "containers")
    if lacking is None:
        return Choice(
            "containers", "asked for" if asked == "containers" else "a Docker engine has the images"
        )
    if asked == "containers":
        raise pytest.UsageError(f"--servers containers: {lacking}")
    return Choice("embedded", lacking)


def settings_named(prefix: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The settings of Kafka that variables of this prefix set, by their names as settings."""
    return {
        name: variables[variable]
        for name in Settings.model_fields
        if name.startswith("kafka_")
        and variables.get(variable := f"{prefix}{name.removeprefix('kafka_').upper()}")
    }


@contextmanager
def _given(variables: Mapping[str, str]) -> Iterator[Servers]:
    postgres, _, neo4j = (variables[name] for name in ADDRESSES)
    kafka = settings_named("AML_TEST_KAFKA_", variables)
    user = variables.get("AML_TEST_NEO4J_USER") or "neo4j"
    password = variables.get("AML_TEST_NEO4J_PASSWORD") or "never asked for"  # no setting may be empty
    yield Servers("environment", postgres, kafka, neo4j, user, password)


@contextmanager
def _contained() -> Iterator[Servers]:
    from tests.support.servers.containers import containers  # noqa: PLC0415 - as above

    with containers() as started:
        yield Servers(
            "containers",
            started.postgres_url,
            started.kafka,
            started.neo4j_url,
            "neo4j",
            started.neo4j_password,
        )


@contextmanager
def _embedded(folder: Path) -> Iterator[Servers]:
    from embedded.stack import Stack  # noqa: PLC0415 - unit tests run without the extra

    with Stack(folder / "a home", durable=False) as stack:
        yield Servers.embedded(stack.urls, stack.pids)
