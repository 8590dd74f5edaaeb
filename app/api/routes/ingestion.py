"""Where ingestion stands, for people."""

from fastapi import APIRouter

from app.api.dependencies import Use
from app.api.problems import documented
from app.api.responses import answers
from app.operations.status import ingestion_status
from app.operations.status_answer import STATUS, IngestionStatus

router = APIRouter(tags=["ingestion"])


@router.get("/ingestion/status", responses=answers(200, STATUS) | documented(401, 503))
def get_ingestion_status(use: Use) -> IngestionStatus:
    """Progress and lag by partition, throughput, what the graph is behind, dead letters, runs."""
    return ingestion_status(use.settings, use.postgres, use.graph)
