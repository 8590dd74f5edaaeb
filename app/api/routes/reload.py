"""Rebuilding the graph from the record, and the progress of long work of this server."""

from fastapi import APIRouter, Response

from app.api.dependencies import AppServices
from app.api.long_work import operation_answer
from app.api.params import WaitSeconds
from app.api.problems import errors
from app.api.responses import example
from app.operations.operation import DONE, RUNNING, OperationStatus
from app.operations.reload import start_reload

router = APIRouter(tags=["graph"])
operations = APIRouter(tags=["graph"])


@router.post(
    "/reload-graph",
    status_code=202,
    responses=example(200, DONE) | example(202, RUNNING) | errors(401, 403, 409, 422, 503),
)
def reload_graph(services: AppServices, response: Response, wait_seconds: WaitSeconds) -> OperationStatus:
    """Rebuilds the graph from the record; the old graph answers until then.

    Answers 202 with the operation, or, with `Prefer: wait=N`, 200 with its result.
    """
    return operation_answer(
        start_reload(services.operations, services.postgres, services.graph), response, wait_seconds
    )


@operations.get("/operations/{operation_id}", responses=example(200, RUNNING) | errors(401, 404, 422))
def get_operation(services: AppServices, operation_id: str) -> OperationStatus:
    """The progress of an operation; it is lost when the server restarts."""
    return services.operations.get(operation_id).answer()
