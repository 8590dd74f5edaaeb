"""Rebuilding the graph from the record, and how far long work of this server is."""

from fastapi import APIRouter, Response

from app.api.dependencies import Use
from app.api.long_work import answer_of
from app.api.params import WaitSeconds
from app.api.problems import documented
from app.api.responses import answers
from app.operations.operation import DONE, RUNNING, OperationStatus
from app.operations.reload import start_reload

router = APIRouter(tags=["graph"])
operations = APIRouter(tags=["graph"])


@router.post(
    "/reload-graph",
    status_code=202,
    responses=answers(200, DONE) | answers(202, RUNNING) | documented(401, 403, 409, 422, 503),
)
def reload_graph(use: Use, response: Response, wait_seconds: WaitSeconds) -> OperationStatus:
    """Rebuilds the graph from the record; the old graph answers meanwhile.

    Answers 202 with the operation to look at, or, with `Prefer: wait=N`, 200 with its result.
    """
    return answer_of(start_reload(use.operations, use.postgres, use.graph), response, wait_seconds)


@operations.get("/operations/{operation_id}", responses=answers(200, RUNNING) | documented(401, 404, 422))
def get_operation(use: Use, operation_id: str) -> OperationStatus:
    """How far a reload is; forgotten when the server restarts."""
    return use.operations.get(operation_id).answer()
