"""Comparing the graph with the record, and repairing the graph on request."""

from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from starlette.concurrency import run_in_threadpool

from app.api.dependencies import AppServices
from app.api.long_work import operation_answer
from app.api.params import NoNullBody, WaitSeconds
from app.api.responses import errors, example
from app.operations.operation_answers import RECONCILED, RECONCILING, ReconcileOperation
from app.operations.reconcile import start_reconciliation

router = APIRouter(tags=["graph"])


class ReconcileRequest(BaseModel):
    """Whether to repair differences; without a body nothing is changed."""

    model_config = ConfigDict(extra="forbid")
    repair: StrictBool = Field(
        default=False, description="Make the graph what the record says.", examples=[True]
    )


_UNCHANGED = ReconcileRequest()


@router.post(
    "/reconcile",
    status_code=202,
    dependencies=[NoNullBody],
    responses=example(200, RECONCILED) | example(202, RECONCILING) | errors(409),
)
async def reconcile_graph(
    services: AppServices,
    response: Response,
    wait_seconds: WaitSeconds,
    request: Annotated[ReconcileRequest, Body()] = _UNCHANGED,
) -> ReconcileOperation:
    """Compares the graph with the record and lists the differences; with `repair` it repairs the graph.

    Answers 202 with the operation, or, with `Prefer: wait=N`, 200 with its result.
    """
    operation = await run_in_threadpool(
        start_reconciliation, services.operations, services.postgres, services.graph, repair=request.repair
    )
    answer: ReconcileOperation = await operation_answer(operation, response, wait_seconds)
    return answer
