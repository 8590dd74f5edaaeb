"""Whether this process lives, and whether what it needs answers."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from time import perf_counter
from typing import Literal

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.api.dependencies import Use
from app.api.responses import answers
from app.errors import AmlError
from app.stores.kafka_offsets import ping_kafka

log = structlog.get_logger()
router = APIRouter(tags=["health"])

LIMIT_SECONDS = 2.0


class Health(BaseModel):
    """The process answers; nothing else is asked."""

    status: Literal["ok"] = "ok"


class Dependency(BaseModel):
    """One server and how long its answer took; without one, the time until it was given up."""

    name: str = Field(examples=["postgres"])
    ok: bool
    latency_ms: float = Field(examples=[1.4])


class Readiness(BaseModel):
    """Ready when every dependency answers."""

    ready: bool
    dependencies: list[Dependency]


READY = Readiness(ready=True, dependencies=[Dependency(name="postgres", ok=True, latency_ms=1.4)])
NOT_READY = Readiness(ready=False, dependencies=[Dependency(name="kafka", ok=False, latency_ms=1500.2)])


@router.get("/health", responses=answers(200, Health()))
def get_health() -> Health:
    """Process only; needs no token."""
    return Health()


@router.get("/ready", responses=answers(200, READY) | answers(503, NOT_READY))
def get_ready(use: Use, response: Response) -> Readiness:
    """Each dependency with its latency; 503 when one does not answer within 2 seconds. Needs no token."""
    started = perf_counter()
    probes: dict[str, Callable[[], None]] = {
        "postgres": use.postgres.ping,
        "graph": use.graph.ping,
        "kafka": partial(ping_kafka, use.settings),
    }
    asked = {name: use.probes.submit(_answers, name, probe) for name, probe in probes.items()}
    wait(asked.values(), timeout=LIMIT_SECONDS)
    dependencies = [_dependency(name, future, started) for name, future in asked.items()]
    ready = all(dependency.ok for dependency in dependencies)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, dependencies=dependencies)


def _answers(name: str, probe: Callable[[], None]) -> tuple[bool, float]:
    started = perf_counter()
    try:
        probe()
    except AmlError as exc:  # the address is for the log: this route answers without a token
        log.warning("dependency_silent", dependency=name, reason=str(exc))
        return False, perf_counter() - started
    return True, perf_counter() - started


def _dependency(name: str, asked: Future[tuple[bool, float]], started: float) -> Dependency:
    if not asked.done():
        asked.cancel()
        return Dependency(name=name, ok=False, latency_ms=round((perf_counter() - started) * 1000, 1))
    ok, seconds = asked.result()
    return Dependency(name=name, ok=ok, latency_ms=round(seconds * 1000, 1))
