"""Comparing the graph with the record, and mending the graph on request."""

from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.dependencies import Use
from app.api.long_work import answer_of
from app.api.params import WaitSeconds
from app.api.problems import documented
from app.api.responses import answers
from app.operations.operation import DONE, RUNNING, OperationStatus
from app.operations.reconcile import start_reconciliation
from app.operations.reconciliation_answer import RECONCILIATION

router = APIRouter(tags=["graph"])


class ReconcileRequest(BaseModel):
    """What to do with differences; without a body nothing is changed."""

    model_config = ConfigDict(extra="forbid")
    repair: bool = Field(default=False, description="Make the graph what the record says.", examples=[True])


_DONE = DONE.model_copy(update={"kind": "reconcile", "result": RECONCILIATION.model_dump(mode="json")})
_RUNNING = RUNNING.model_copy(update={"kind": "reconcile"})


@router.post(
    "/reconcile",
    status_code=202,
    responses=answers(200, _DONE) | answers(202, _RUNNING) | documented(401, 403, 409, 413, 422, 503),
)
def start_reconcile(
    use: Use,
    response: Response,
    wait_seconds: WaitSeconds,
    request: Annotated[ReconcileRequest | None, Body()] = None,
) -> OperationStatus:
    """Compares the graph with the record and names what differs; with `repair` it mends the graph.

    Answers 202 with the operation to look at, or, with `Prefer: wait=N`, 200 with its result.
    """
    repair = request is not None and request.repair
    operation = start_reconciliation(use.operations, use.postgres, use.graph, repair=repair)
    return answer_of(operation, response, wait_seconds)
