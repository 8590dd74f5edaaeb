"""Rebuilding the graph from the record, and looking at how far it is."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.api.dependencies import Doors, Use
from app.api.examples.scores import answers
from app.api.params import WaitSeconds, answer_when_done
from app.api.problems import documented
from app.domain import Progress
from app.errors import Unequal
from app.operations.operation import Operation
from app.operations.relabel import relabel
from app.projection.rebuild import rebuild

router = APIRouter(tags=["graph"])
operations = APIRouter(tags=["graph"])


class OperationStatus(BaseModel):
    """Long work of this server."""

    operation_id: str = Field(examples=["9f86d081884c4d659a2feaa0c55ad015"])
    kind: str = Field(examples=["reload-graph"])
    status: Literal["running", "completed", "failed"]
    step: str = Field(examples=["transfers"])
    progress: float = Field(description="Part of the step that is done (0..1).", examples=[0.5])
    started_at: datetime
    completed_at: datetime | None
    error: str | None
    result: dict[str, Any] | None = Field(description="What it found: counts, or a verification.")


RUNNING = OperationStatus(
    operation_id="9f86d081884c4d659a2feaa0c55ad015",
    kind="reload-graph",
    status="running",
    step="transfers",
    progress=0.5,
    started_at=datetime(2026, 1, 5, 12, 0, 11, tzinfo=UTC),
    completed_at=None,
    error=None,
    result=None,
)
DONE = RUNNING.model_copy(
    update={
        "status": "completed",
        "step": "done",
        "progress": 1.0,
        "completed_at": datetime(2026, 1, 5, 12, 0, 14, tzinfo=UTC),
        "result": {
            "transfers": 117,
            "wallets": 64,
            "swept": 0,
            "seconds": 2.9,
            "equal": True,
            "record_digest": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            "graph_digest": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        },
    }
)


@router.post(
    "/reload-graph",
    status_code=202,
    responses=answers(200, DONE) | answers(202, RUNNING) | documented(401, 403, 409, 422, 503),
)
def reload_graph(use: Use, response: Response, wait_seconds: WaitSeconds) -> OperationStatus:
    """Rebuilds the graph from the record; the old graph answers meanwhile.

    Answers 202 with the operation to look at, or, with `Prefer: wait=N`, 200 with its result.
    """
    return answered(begin_reload(use), response, wait_seconds)


@operations.get("/operations/{operation_id}", responses=answers(200, RUNNING) | documented(401, 404, 422))
def get_operation(use: Use, operation_id: str) -> OperationStatus:
    """How far a reload is; forgotten when the server restarts."""
    return status_of(use.operations.get(operation_id))


def begin_reload(use: Doors) -> Operation:
    """Starts rebuilding the graph as work of this process.

    Raises:
        InUse: a reload is going on.
    """
    return use.operations.start("reload-graph", lambda progress: _reload(use, progress))


def _reload(use: Doors, progress: Progress) -> dict[str, Any]:
    report = rebuild(use.postgres, use.graph, progress)
    if not report.equal:
        raise Unequal(
            f"The graph differs from the record after the reload (digests {report.graph_digest} and "
            f"{report.record_digest}). Reload it again; `aml reconcile` tells what differs."
        )
    progress("labels", 0.0)
    relabel(use.postgres, use.graph)
    return asdict(report)


def answered(operation: Operation, response: Response, wait_seconds: int) -> OperationStatus:
    """How far work that was just begun is, as the answer: 200 when it ends in time, else 202.

    Raises:
        Exception: what the work itself raised, when it failed in time.
    """
    answer_when_done(response, operation, f"/v1/operations/{operation.operation_id}", wait_seconds)
    return status_of(operation)


def status_of(operation: Operation) -> OperationStatus:
    """An operation as it is answered."""
    return OperationStatus(
        operation_id=operation.operation_id,
        kind=operation.kind,
        status=operation.status,
        step=operation.step,
        progress=operation.progress,
        started_at=operation.started_at,
        completed_at=operation.completed_at,
        error=operation.error,
        result=operation.result,
    )
