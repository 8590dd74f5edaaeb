"""The status of ingestion."""

from fastapi import APIRouter

from app.api.dependencies import AppServices
from app.api.problems import errors
from app.api.responses import example
from app.operations.status_answer import STATUS, IngestionStatus

router = APIRouter(tags=["ingestion"])


@router.get("/ingestion/status", responses=example(200, STATUS) | errors(401, 503))
def get_ingestion_status(services: AppServices) -> IngestionStatus:
    """Progress and lag by partition, throughput, lag of the graph, dead letters, runs."""
    return services.status.read()
