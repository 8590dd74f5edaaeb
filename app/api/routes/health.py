"""Liveness of this process, and readiness of the servers it needs."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, Literal

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError

from app.api.dependencies import AppServices
from app.api.responses import example
from app.errors import AmlError
from app.record.dead_letter_alarm import DeadLetterAlarm, dead_letter_alarm
from app.stores.kafka_offsets import ping_kafka

log = structlog.get_logger()
router = APIRouter(tags=["health"])

PROBE_SECONDS = 2.0


class Health(BaseModel):
    """The process answers; its dependencies are not checked."""

    status: Literal["ok"] = "ok"


class Dependency(BaseModel):
    """One server and the latency of its answer; without an answer, the time until the check was abandoned."""

    name: str = Field(examples=["postgres"])
    ok: bool
    latency_ms: float = Field(examples=[1.4])


class Readiness(BaseModel):
    """Ready when every dependency answers; the alarm makes nothing unready."""

    ready: bool
    dependencies: list[Dependency]
    alarm: DeadLetterAlarm | None = Field(description="Too many messages in a row were refused.")


READY = Readiness(ready=True, dependencies=[Dependency(name="postgres", ok=True, latency_ms=1.4)], alarm=None)
NOT_READY = Readiness(
    ready=False, dependencies=[Dependency(name="kafka", ok=False, latency_ms=1500.2)], alarm=None
)


@router.get("/health", responses=example(200, Health()))
async def get_health() -> Health:
    """Liveness of the process alone; needs no token."""
    return Health()


@router.get("/ready", responses=example(200, READY) | example(503, NOT_READY))
async def get_ready(services: AppServices, response: Response) -> Readiness:
    """Each dependency with its latency; 503 when one does not answer within 2 seconds. Needs no token."""
    start = perf_counter()
    pings: dict[str, Callable[[], None]] = {
        "postgres": services.postgres.ping,
        "graph": services.graph.ping,
        "kafka": partial(ping_kafka, services.settings),
    }
    alarm = asyncio.wrap_future(services.probes.submit(_alarm, services))
    probes = {
        name: asyncio.wrap_future(services.probes.submit(_probe, name, ping)) for name, ping in pings.items()
    }
    waiting: list[asyncio.Future[Any]] = [*probes.values(), alarm]
    await asyncio.wait(waiting, timeout=PROBE_SECONDS)
    dependencies = [_dependency(name, probe, start) for name, probe in probes.items()]
    ready = all(dependency.ok for dependency in dependencies)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, dependencies=dependencies, alarm=alarm.result() if alarm.done() else None)


def _alarm(services: AppServices) -> DeadLetterAlarm | None:
    try:
        with services.postgres.transaction() as connection:
            return dead_letter_alarm(connection, services.settings.dead_letter_ceiling)
    except (AmlError, DBAPIError) as exc:
        log.warning("alarm_not_read", reason=str(exc).splitlines()[0])
        return None


def _probe(name: str, ping: Callable[[], None]) -> tuple[bool, float]:
    start = perf_counter()
    try:
        ping()
    except AmlError as exc:  # only the log has the address: this route answers without a token
        log.warning("dependency_unavailable", dependency=name, reason=str(exc))
        return False, perf_counter() - start
    return True, perf_counter() - start


def _dependency(name: str, probe: asyncio.Future[tuple[bool, float]], start: float) -> Dependency:
    if not probe.done():
        probe.cancel()
        return Dependency(name=name, ok=False, latency_ms=round((perf_counter() - start) * 1000, 1))
    ok, seconds = probe.result()
    return Dependency(name=name, ok=ok, latency_ms=round(seconds * 1000, 1))
