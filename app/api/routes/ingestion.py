"""The status of ingestion, and the holes in what was read from Kafka."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.dependencies import AppServices
from app.api.list_cursor import Cursor
from app.api.params import DEFAULT_LIMIT, Limit, WithTotal
from app.api.responses import errors, example
from app.operations.status_answer import STATUS, IngestionStatus
from app.record.holes import HOLES, Holes, list_holes, mark_seen

named = APIRouter(tags=["ingestion"])
router = APIRouter(tags=["ingestion"])
HoleId = Annotated[int, Field(ge=1, le=2**53 - 1)]


@named.get("/ingestion/status", responses=example(200, STATUS))
def get_ingestion_status(services: AppServices) -> IngestionStatus:
    """Progress and lag by partition, throughput, lag of the graph, dead letters, runs."""
    return services.status.read()


class HolesSeen(BaseModel):
    """How many holes had not been marked as seen before."""

    seen: int = Field(examples=[1])


class HolesSeenRequest(BaseModel):
    """The holes that somebody has seen or filled."""

    hole_ids: list[HoleId] = Field(min_length=1, max_length=1_000, examples=[[1]])


@router.get("/ingestion/holes", responses=example(200, HOLES))
def list_ingestion_holes(
    services: AppServices,
    *,
    with_seen: Annotated[bool, Query(description="Also those that were seen.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> Holes:
    """Messages of Kafka that could not be read, the latest first, until somebody says they were seen."""
    with services.postgres.transaction() as connection:
        return list_holes(connection, with_seen=with_seen, limit=limit, cursor=cursor, with_total=with_total)


@router.post("/ingestion/holes/seen", responses=example(200, HolesSeen(seen=1)) | errors(404))
def mark_holes_seen(services: AppServices, body: HolesSeenRequest) -> HolesSeen:
    """Says that these holes were seen or filled; the alarm ends when all were."""
    with services.postgres.transaction() as connection:
        return HolesSeen(seen=mark_seen(connection, body.hole_ids))
