"""Liveness of this process, and readiness of the servers it needs."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, Literal, NamedTuple

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError

from app.api.dependencies import AppServices, Services
from app.api.responses import example
from app.errors import AmlError
from app.labels.lists import stale_lists
from app.operations.disk import DiskAlarm, disk_alarm
from app.record.dead_letter_alarm import DeadLetterAlarm, dead_letter_alarm
from app.record.holes import HoleAlarm, hole_alarm
from app.stores.kafka_offsets import TopicReader
from app.stores.limits import Work

log = structlog.get_logger()
router = APIRouter(tags=["health"])

PROBE_SECONDS = 1.8
"""So that the answer is there within 2.5 on a busy machine too."""


class Answered(NamedTuple):
    """Whether a server answered, after how long, and what: of Kafka the id of the topic."""

    ok: bool
    seconds: float
    answer: str | None


class Health(BaseModel):
    """The process answers; its dependencies are not checked."""

    status: Literal["ok"] = "ok"


class Dependency(BaseModel):
    """One server and the latency of its answer; without an answer, the time until the check was abandoned."""

    name: str = Field(examples=["postgres"])
    ok: bool
    latency_ms: float = Field(examples=[1.4])


class Readiness(BaseModel):
    """Ready when every dependency answers; no alarm makes anything unready."""

    ready: bool
    dependencies: list[Dependency]
    alarm: DeadLetterAlarm | None = Field(description="Too many messages in a row were refused.")
    hole_alarm: HoleAlarm | None = Field(
        description="Messages could not be read, and nobody has said that it was seen."
    )
    disk_alarm: DiskAlarm | None = Field(
        description="A disk of the servers is nearly full: ingestion pauses."
    )
    stale_lists: list[str] | None = Field(
        description="Lists of listings that nobody has read for too long. Null: the record does not answer.",
        examples=[["OFAC SDN"]],
    )
    topic_missing: bool | None = Field(
        description="The topic of transfers is missing: nothing can arrive. Null: Kafka does not answer."
    )


READY = Readiness(
    ready=True,
    dependencies=[Dependency(name="postgres", ok=True, latency_ms=1.4)],
    alarm=None,
    hole_alarm=None,
    disk_alarm=None,
    stale_lists=[],
    topic_missing=False,
)
NOT_READY = Readiness(
    ready=False,
    dependencies=[Dependency(name="kafka", ok=False, latency_ms=1500.2)],
    alarm=None,
    hole_alarm=None,
    disk_alarm=None,
    stale_lists=None,
    topic_missing=None,
)


@router.get("/health", responses=example(200, Health()))
async def get_health() -> Health:
    """Liveness of the process alone; needs no token."""
    return Health()


@router.get("/ready", responses=example(200, READY) | example(503, NOT_READY))
async def get_ready(services: AppServices, response: Response) -> Readiness:
    """Each dependency with its latency; 503 when one does not answer within 1.8 seconds. Needs no token."""
    start = perf_counter()
    questions: dict[str, Callable[[], str | None]] = {
        "postgres": services.postgres.during(Work.PROBE).ping,
        "graph": services.graph.during(Work.PROBE).ping,
        "kafka": lambda: TopicReader(services.settings).topic_id(),
    }
    alarms = _asked(services, "alarms", partial(_alarms, services))
    probes = {name: _asked(services, name, partial(_probe, name, ask)) for name, ask in questions.items()}
    waiting: list[asyncio.Future[Any]] = [*probes.values(), alarms]
    await asyncio.wait(waiting, timeout=PROBE_SECONDS)
    dependencies = [_dependency(name, probe, start) for name, probe in probes.items()]
    ready = all(dependency.ok for dependency in dependencies)
    response.status_code = 200 if ready else 503
    alarm, holes, stale = alarms.result() if alarms.done() else (None, None, None)
    return Readiness(
        ready=ready,
        dependencies=dependencies,
        alarm=alarm,
        hole_alarm=holes,
        disk_alarm=disk_alarm(services.settings),
        stale_lists=stale,
        topic_missing=_is_topic_missing(probes["kafka"]),
    )


def _asked(services: Services, name: str, question: Callable[[], Any]) -> asyncio.Future[Any]:
    return asyncio.wrap_future(services.probes.ask(name, question))


def _is_topic_missing(kafka: asyncio.Future[Answered]) -> bool | None:
    """Whether Kafka knows no id of the topic; None where Kafka does not answer."""
    if not kafka.done() or not kafka.result().ok:
        return None
    return kafka.result().answer is None


def _alarms(services: AppServices) -> tuple[DeadLetterAlarm | None, HoleAlarm | None, list[str] | None]:
    try:
        with services.postgres.during(Work.PROBE).transaction() as connection:
            refused = dead_letter_alarm(connection, services.settings.dead_letter_ceiling)
            stale = stale_lists(connection, services.settings.list_max_age_days)
            return refused, hole_alarm(connection), stale
    except (AmlError, DBAPIError) as exc:
        log.warning("alarm_not_read", reason=str(exc).splitlines()[0])
        return None, None, None


def _probe(name: str, ask: Callable[[], str | None]) -> Answered:
    start = perf_counter()
    try:
        answer = ask()
    except AmlError as exc:  # only the log has the address: this route answers without a token
        log.warning("dependency_unavailable", dependency=name, reason=str(exc))
        return Answered(ok=False, seconds=perf_counter() - start, answer=None)
    return Answered(ok=True, seconds=perf_counter() - start, answer=answer)


def _dependency(name: str, probe: asyncio.Future[Answered], start: float) -> Dependency:
    if not probe.done():
        return Dependency(name=name, ok=False, latency_ms=round((perf_counter() - start) * 1000, 1))
    ok, seconds, _ = probe.result()
    return Dependency(name=name, ok=ok, latency_ms=round(seconds * 1000, 1))
