"""The faults of the campaign: each is done to a running instance, and nobody mends it."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random
from threading import Thread, Timer
from time import monotonic, sleep
from typing import Final, NamedTuple

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.errors import AmlError
from app.stores.kafka import client_options
from app.stores.kafka_offsets import TopicReader
from app.stores.postgres import Postgres
from bench.campaign.account import Made
from bench.campaign.connections import cut
from bench.campaign.copies import STORES, Copies
from bench.campaign.disk import NEARLY_FULL_MEGABYTES, Disk
from bench.campaign.instance import PROCESSES, CampaignInstance
from bench.campaign.passwords import ask, doors
from cypher import Query

GRAPH_DAMAGES: Final = (
    "MATCH (s:GraphState) DELETE s",
    "MATCH (s:GraphState) SET s.projected_batch = 1000000000",
    "MATCH (s:GraphState) SET s.generation = 'none'",
    "MATCH (s:GraphState) SET s.record_id = '00000000-0000-0000-0000-000000000000'",
    "MATCH (n) DETACH DELETE n",
)
_END_SESSIONS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_END_OFFSET: Final = -1
"""Kafka's word for the end of a partition."""


class Strike(NamedTuple):
    """A fault that was done: its kind, when (monotonic seconds), and when its cause has ended by itself."""

    kind: str
    struck: float
    ended: float


class Attack:
    """What can be done to an instance. Kinds come as often as each other, in an order of their own."""

    def __init__(
        self, instance: CampaignInstance, made: Made, copies: Copies, disk: Disk | None, random: Random
    ) -> None:
        self._instance = instance
        self._settings = instance.settings
        self._made = made
        self._copies = copies
        self._random = random
        self._deck: list[str] = []
        self._timers: list[Thread] = []
        self.restored = False
        """An older record was put back since somebody last set this to False."""
        self.kinds: dict[str, Callable[[], float | None]] = {
            **{f"SIGKILL {name}": partial(self._kill, name) for name in PROCESSES},
            **{f"SIGSTOP {name}": partial(self._freeze, name) for name in PROCESSES},
            "SIGKILL the supervisor": self._kill_supervisor,
            "SIGSTOP the supervisor": self._freeze_supervisor,
            **{f"connections cut: {name}": partial(self._cut, port) for name, port in instance.ports()},
            "sessions of PostgreSQL ended": self._end_sessions,
            "topic made anew": self._delete_topic,
            "unread messages deleted": self._delete_unread,
            "graph damaged": self._damage_graph,
            **{f"older {store} put back": partial(self._put_back, store) for store in STORES},
            **{
                f"wrong passwords: {door}": partial(self._beside, tries)
                for door, tries in doors(self._settings).items()
            },
        }
        if disk is not None:
            self.kinds["disk nearly full"] = partial(self._fill, disk, NEARLY_FULL_MEGABYTES)
            self.kinds["disk full"] = partial(self._fill, disk, 0)

    def strike(self) -> Strike | None:
        """Does one fault; None where nothing is left to be done, as to an instance without a supervisor."""
        for _ in range(2 * len(self.kinds)):
            if not self._deck:
                self._deck = self._random.sample(sorted(self.kinds), len(self.kinds))
            kind, began = self._deck.pop(), monotonic()
            with suppress(AmlError, DBAPIError, KafkaException, ProcessLookupError):
                if (lasts := self.kinds[kind]()) is not None:
                    return Strike(kind, began, monotonic() + lasts)
        return None

    def cease(self) -> None:
        """Returns when every cause has ended."""
        for timer in self._timers:
            timer.join()
        self._timers.clear()

    def _later(self, seconds: float, act: Callable[[], None]) -> float:
        timer = Timer(seconds, act)
        self._timers.append(timer)
        timer.start()
        return seconds

    def _beside(self, act: Callable[[], None]) -> float:
        thread = Thread(target=act, name="stranger")
        self._timers.append(thread)
        thread.start()
        return 0.0

    def _kill(self, name: str) -> float | None:
        if (pid := self._instance.pid(name)) is None:
            return None
        os.kill(pid, signal.SIGKILL)
        return 0.0

    def _freeze(self, name: str) -> float | None:
        """For ever, or for so long that it may wake before or after it is missed."""
        if (pid := self._instance.pid(name)) is None:
            return None
        os.kill(pid, signal.SIGSTOP)
        if self._random.random() < 0.5:  # noqa: PLR2004 - half of them
            self._later(self._random.uniform(0.5, 8), lambda: _wake(pid))
        return 0.0

    def _kill_supervisor(self) -> float | None:
        if (pid := self._instance.supervisor()) is None:
            return None
        os.kill(pid, signal.SIGKILL)
        self._instance.needs_person = True
        return 0.0

    def _freeze_supervisor(self) -> float | None:
        if (pid := self._instance.supervisor()) is None:
            return None
        os.kill(pid, signal.SIGSTOP)
        return self._later(self._random.uniform(1, 8), lambda: _wake(pid))

    def _cut(self, port: int) -> float | None:
        return 0.0 if cut(port) else None

    def _end_sessions(self) -> float:
        postgres = Postgres(self._settings.postgres_url)
        try:
            with postgres.transaction() as connection:
                connection.execute(_END_SESSIONS)
        finally:
            postgres.close()
        return 0.0

    def _delete_topic(self) -> float:
        self._made.saw(TopicReader(self._settings).topic_id(timeout_seconds=5))
        admin = AdminClient(client_options(self._settings, "admin"))
        for deleted in admin.delete_topics([self._settings.transfers_topic], request_timeout=5).values():
            deleted.result(10)
        return 0.0

    def _delete_unread(self) -> float | None:
        """Kafka deletes all that it holds while the consumer, which is frozen, has not read all of it."""
        reader = TopicReader(self._settings)
        topic = reader.offsets(timeout_seconds=5)
        pid = self._instance.pid("consume")
        if topic is None or pid is None:
            return None
        os.kill(pid, signal.SIGSTOP)
        try:
            sleep(2)
            admin = AdminClient(client_options(self._settings, "admin"))
            ends = [
                TopicPartition(self._settings.transfers_topic, partition, _END_OFFSET)
                for partition in topic.partitions
            ]
            self._made.emptying.add(topic.topic_id)
            for emptied in admin.delete_records(ends, request_timeout=5).values():
                emptied.result(10)
        finally:
            _wake(pid)
        return 0.0

    def _damage_graph(self) -> float | None:
        damage = Query("fault", "", frozenset(), (), f"CYPHER 25 {self._random.choice(GRAPH_DAMAGES)}")
        return 0.0 if ask(self._settings, self._settings.neo4j_password, damage) else None

    def _put_back(self, store: str) -> float | None:
        supervisor = self._instance.supervisor()
        if supervisor is None or not self._copies.put_back(store, supervisor, self._random):
            return None
        self.restored = self.restored or store == "postgres"
        return 0.0

    def _fill(self, disk: Disk, leave_megabytes: int) -> float | None:
        if not disk.fill(leave_megabytes):
            return None
        return self._later(self._random.uniform(2, 8), disk.free)


def _wake(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
