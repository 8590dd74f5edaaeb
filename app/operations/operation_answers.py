"""Long work as answers: one model a kind, each with the type of its result."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from app.answers.base import EXAMPLE_TIME
from app.answers.comparisons import VERIFICATION, Verification
from app.operations.operation import Operation, OperationStatus
from app.operations.reconciliation_answer import RECONCILIATION, Reconciliation
from app.record.imports import IMPORT, ImportedFiles


class GraphReload(BaseModel):
    """What the graph holds after a reload; `equal` says that the two digests are the same."""

    transfers: int = Field(examples=[117])
    wallets: int = Field(examples=[64])
    swept: int = Field(description="Rows of older generations that were deleted.", examples=[0])
    seconds: float = Field(examples=[2.9])
    equal: bool
    record_digest: str
    graph_digest: str


class RunComparison(BaseModel):
    """Two runs that were compared: the same request now answers with their differences."""

    run_id_before: int = Field(examples=[2])
    run_id_after: int = Field(examples=[3])
    changed: int = Field(description="Wallets whose score changed.", examples=[1])


class ReloadOperation(OperationStatus):
    """Rebuilding the graph from the record."""

    kind: Literal["reload-graph"] = Field(examples=["reload-graph"])
    result: GraphReload | None = Field(description="Null until it has completed.")


class ScoringOperation(OperationStatus):
    """Carrying out a scoring run, which has a row of its own: `GET /v1/runs/{run_id}`."""

    kind: Literal["run-score"] = Field(examples=["run-score"])
    result: None = None


class ReconcileOperation(OperationStatus):
    """Comparing the graph with the record."""

    kind: Literal["reconcile"] = Field(examples=["reconcile"])
    result: Reconciliation | None = Field(description="Null until it has completed.")


class VerifyOperation(OperationStatus):
    """Computing a run again from the record."""

    kind: Literal["verify"] = Field(examples=["verify"])
    result: Verification | None = Field(description="Null until it has completed.")


class DiffOperation(OperationStatus):
    """Comparing two runs."""

    kind: Literal["diff"] = Field(examples=["diff"])
    result: RunComparison | None = Field(description="Null until it has completed.")


class UndoOperation(OperationStatus):
    """Taking back what an import said."""

    kind: Literal["undo-import"] = Field(examples=["undo-import"])
    result: ImportedFiles | None = Field(description="Null until it has completed.")


AnyOperation = Annotated[
    ReloadOperation | ScoringOperation | ReconcileOperation | VerifyOperation | DiffOperation | UndoOperation,
    Field(discriminator="kind"),
]
_ANY: TypeAdapter[AnyOperation] = TypeAdapter(AnyOperation)


def answer_of(operation: Operation) -> Any:  # noqa: ANN401 - the model of its kind
    """The operation as the model of its kind."""
    return _ANY.validate_python(operation.fields())


_RUNNING: dict[str, Any] = {
    "operation_id": "9f86d081884c4d659a2feaa0c55ad015",
    "status": "running",
    "step": "transfers",
    "progress": 0.5,
    "started_at": EXAMPLE_TIME,
    "completed_at": None,
    "error": None,
    "result": None,
}
_DONE = _RUNNING | {
    "status": "completed",
    "step": "done",
    "progress": 1.0,
    "completed_at": EXAMPLE_TIME + timedelta(seconds=3),
}
_DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
RELOADING = ReloadOperation(kind="reload-graph", **_RUNNING)
RELOADED = ReloadOperation(
    kind="reload-graph",
    **_DONE
    | {
        "result": GraphReload(
            transfers=117,
            wallets=64,
            swept=0,
            seconds=2.9,
            equal=True,
            record_digest=_DIGEST,
            graph_digest=_DIGEST,
        )
    },
)
RECONCILING = ReconcileOperation(kind="reconcile", **_RUNNING)
RECONCILED = ReconcileOperation(kind="reconcile", **_DONE | {"result": RECONCILIATION})
VERIFYING = VerifyOperation(kind="verify", **_RUNNING | {"step": "accounting every pool again"})
VERIFIED = VerifyOperation(kind="verify", **_DONE | {"result": VERIFICATION})
COMPARING = DiffOperation(kind="diff", **_RUNNING | {"step": "starting", "progress": 0.0})
UNDOING = UndoOperation(kind="undo-import", **_RUNNING | {"step": "withdrawing"})
_UNDONE = IMPORT.model_copy(
    update={"state": "undone", "undone_at": EXAMPLE_TIME, "withdrawn_at": EXAMPLE_TIME}
)
UNDONE = UndoOperation(kind="undo-import", **_DONE | {"result": _UNDONE})
