"""The faults of the campaign: each is done to a running instance, and nobody mends it."""

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Timer
from time import monotonic

from confluent_kafka.admin import AdminClient
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.errors import AmlError
from app.settings import Settings
from app.stores.graph import Graph, is_graph_error
from app.stores.kafka import client_options
from app.stores.postgres import Postgres
from cypher import Query
from embedded.urls import running_supervision

PROCESSES = ("postgres", "kafka", "neo4j", "api", "consume")
GRAPH_DAMAGES = (
    "MATCH (s:GraphState) DELETE s",
    "MATCH (s:GraphState) SET s.projected_batch = 1000000000",
    "MATCH (s:GraphState) SET s.generation = 'none'",
    "MATCH (s:GraphState) SET s.record_id = '00000000-0000-0000-0000-000000000000'",
    "MATCH (n) DETACH DELETE n",
)
_CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Attack:
    """What can be done to the instance of a home. `topics_deleted` are the moments when the topic was."""

    def __init__(self, home: Path, settings: Settings, random: Random) -> None:
        self._home = home
        self._settings = settings
        self._random = random
        self.topics_deleted: list[float] = []
        self._kinds: tuple[tuple[str, Callable[[], None]], ...] = (
            *((f"SIGKILL {name}", lambda name=name: self._kill(name)) for name in PROCESSES),
            *((f"SIGSTOP {name}", lambda name=name: self._freeze(name)) for name in PROCESSES),
            ("PostgreSQL's connections cut", self._cut),
            ("topic made anew", self._delete_topic),
            ("graph damaged", self._damage_graph),
            ("wrong passwords", self._hammer),
        )
        self._deck: list[tuple[str, Callable[[], None]]] = []

    def strike(self) -> str:
        """Does one fault; answers which. One that meets a server that is away already does nothing."""
        if not self._deck:  # every kind comes as often as any other
            self._deck = self._random.sample(self._kinds, len(self._kinds))
        name, act = self._deck.pop()
        with contextlib.suppress(AmlError, DBAPIError, ProcessLookupError):
            act()
        return name

    def _pid(self, name: str) -> int | None:
        supervision = running_supervision(self._home)
        pids = {each["name"]: each["pid"] for each in supervision["processes"]} if supervision else {}
        return pids.get(name)

    def _kill(self, name: str) -> None:
        if pid := self._pid(name):
            os.kill(pid, signal.SIGKILL)

    def _freeze(self, name: str) -> None:
        """For ever, or for so long that it may wake before or after it is missed."""
        if pid := self._pid(name):
            os.kill(pid, signal.SIGSTOP)
            if self._random.random() < 0.5:  # noqa: PLR2004 - half of them
                Timer(self._random.uniform(0.5, 8), _wake, [pid]).start()

    def _cut(self) -> None:
        postgres = Postgres(self._settings.postgres_url)
        try:
            with postgres.transaction() as connection:
                connection.execute(_CUT)
        finally:
            postgres.close()

    def _delete_topic(self) -> None:
        admin = AdminClient(client_options(self._settings, "admin"))
        self.topics_deleted.append(monotonic() + 10)
        for deleted in admin.delete_topics([self._settings.transfers_topic], request_timeout=5).values():
            with contextlib.suppress(Exception):  # Kafka is away, or has no such topic now
                deleted.result(10)
        self.topics_deleted[-1] = monotonic()

    def _damage_graph(self) -> None:
        damage = f"CYPHER 25 {self._random.choice(GRAPH_DAMAGES)}"
        self._ask(self._settings.neo4j_password, damage)

    def _hammer(self) -> None:
        for _ in range(6):
            self._ask(SecretStr("not the password"), "CYPHER 25 RETURN 1")

    def _ask(self, password: SecretStr, statement: str) -> None:
        graph = Graph(self._settings.neo4j_url, self._settings.neo4j_user, password, retry_seconds=0)
        try:
            graph.run(Query("fault", "", frozenset(), (), statement))
        except Exception as exc:
            if not (isinstance(exc, AmlError) or is_graph_error(exc)):
                raise
        finally:
            graph.close()


def _wake(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
