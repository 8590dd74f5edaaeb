"""Comparing the graph with the record, and repairing the graph on request."""

from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.dependencies import AppServices
from app.api.long_work import operation_answer
from app.api.params import WaitSeconds
from app.api.problems import errors
from app.api.responses import example
from app.operations.operation import DONE, RUNNING, OperationStatus
from app.operations.reconcile import start_reconciliation
from app.operations.reconciliation_answer import RECONCILIATION

router = APIRouter(tags=["graph"])


class ReconcileRequest(BaseModel):
    """Whether to repair differences; without a body nothing is changed."""

    model_config = ConfigDict(extra="forbid")
    repair: bool = Field(default=False, description="Make the graph what the record says.", examples=[True])


_DONE = DONE.model_copy(update={"kind": "reconcile", "result": RECONCILIATION.model_dump(mode="json")})
_RUNNING = RUNNING.model_copy(update={"kind": "reconcile"})


@router.post(
    "/reconcile",
    status_code=202,
    responses=example(200, _DONE) | example(202, _RUNNING) | errors(401, 403, 409, 413, 422, 503),
)
def start_reconcile(
    services: AppServices,
    response: Response,
    wait_seconds: WaitSeconds,
    request: Annotated[ReconcileRequest | None, Body()] = None,
) -> OperationStatus:
    """Compares the graph with the record and lists the differences; with `repair` it repairs the graph.

    Answers 202 with the operation, or, with `Prefer: wait=N`, 200 with its result.
    """
    repair = request is not None and request.repair
    operation = start_reconciliation(services.operations, services.postgres, services.graph, repair=repair)
    return operation_answer(operation, response, wait_seconds)
