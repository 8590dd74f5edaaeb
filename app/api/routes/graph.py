"""Rebuilding the graph, comparing it with the record, and the progress of long work of this server."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from starlette.concurrency import run_in_threadpool

from app.api.dependencies import AppServices
from app.api.long_work import operation_answer
from app.api.params import NoNullBody, WaitSeconds
from app.api.responses import errors, example
from app.operations.operation_answers import (
    RECONCILED,
    RECONCILING,
    RELOADED,
    RELOADING,
    AnyOperation,
    ReconcileOperation,
    ReloadOperation,
    answer_of,
)
from app.operations.reconcile import start_reconciliation
from app.operations.reload import start_reload

named = APIRouter(tags=["graph"])
router = APIRouter(tags=["graph"])

OperationId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", examples=[RELOADING.operation_id])]
_SHOWN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "OK",
        "content": {"application/json": {"example": RELOADING.model_dump(mode="json")}},
    }
}


@named.post(
    "/reload-graph",
    status_code=202,
    responses=example(200, RELOADED) | example(202, RELOADING) | errors(409),
)
async def reload_graph(
    services: AppServices, response: Response, wait_seconds: WaitSeconds
) -> ReloadOperation:
    """Rebuilds the graph from the record; the old graph answers until then.

    Answers 202 with the operation, or, with `Prefer: wait=N`, 200 with its result.
    """
    operation = await run_in_threadpool(start_reload, services.operations, services.postgres, services.graph)
    answer: ReloadOperation = await operation_answer(operation, response, wait_seconds)
    return answer


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


@router.get("/operations/{operation_id}", responses=_SHOWN | errors(404))
def get_operation(services: AppServices, operation_id: OperationId) -> AnyOperation:
    """The progress of an operation; it is lost when the server restarts."""
    answer: AnyOperation = answer_of(services.operations.get(operation_id))
    return answer
