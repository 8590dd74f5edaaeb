"""Rebuilding the graph from the record, and the progress of long work of this server."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from starlette.concurrency import run_in_threadpool

from app.api.dependencies import AppServices
from app.api.long_work import operation_answer
from app.api.params import WaitSeconds
from app.api.responses import errors, example
from app.operations.operation_answers import (
    RELOADED,
    RELOADING,
    AnyOperation,
    ReloadOperation,
    answer_of,
)
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


@router.get("/operations/{operation_id}", responses=_SHOWN | errors(404))
def get_operation(services: AppServices, operation_id: OperationId) -> AnyOperation:
    """The progress of an operation; it is lost when the server restarts."""
    answer: AnyOperation = answer_of(services.operations.get(operation_id))
    return answer
