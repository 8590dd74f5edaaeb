"""Comparing the graph with the record, and mending the graph on request."""

from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.dependencies import Use
from app.api.examples.scores import answers
from app.api.params import WaitSeconds
from app.api.problems import documented
from app.api.routes.reload import DONE, RUNNING, OperationStatus, answered
from app.domain import Progress
from app.operations.reconcile import Reconciliation, StoreContent, reconcile

router = APIRouter(tags=["graph"])


class ReconcileRequest(BaseModel):
    """What to do with differences; without a body nothing is changed."""

    model_config = ConfigDict(extra="forbid")
    repair: bool = Field(default=False, description="Make the graph what the record says.", examples=[True])


_CONTENT = StoreContent(
    transfers=117,
    wallets=64,
    digest="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    amounts={"ethereum:ETH": "1500000000000000000"},
)
_FOUND = Reconciliation(
    equal=True,
    repair=False,
    differences=0,
    listed=[],
    broken_references=[],
    labels="compared",
    record=_CONTENT,
    graph=_CONTENT,
    started_at=RUNNING.started_at,
    seconds=2.9,
)
_DONE = DONE.model_copy(update={"kind": "reconcile", "result": _FOUND.model_dump(mode="json")})
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

    def work(progress: Progress) -> dict[str, object]:
        return reconcile(use.postgres, use.graph, progress, repair=repair).model_dump(mode="json")

    return answered(use.operations.start("reconcile", work), response, wait_seconds)
