"""Long work of this process, started by a request and asked about later. It is forgotten at a restart."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog
from pydantic import BaseModel, Field

from app.answers.names import OperationKind, OperationState
from app.domain import Progress
from app.errors import AmlError, InUse, NotFound

log = structlog.get_logger()

UNEXPECTED = "The operation failed unexpectedly. The server's log says why."
MAX_ENDED_OPERATIONS = 50
"""How many ended operations can still be asked about."""


class OperationStatus(BaseModel):
    """Long work of this server; operation_answers.py has a model for each kind, with its result."""

    operation_id: str = Field(examples=["9f86d081884c4d659a2feaa0c55ad015"])
    kind: OperationKind = Field(examples=["reload-graph"])
    status: OperationState
    step: str = Field(examples=["transfers"])
    progress: float = Field(description="Part of the step that is done (0..1).", examples=[0.5])
    started_at: datetime
    completed_at: datetime | None
    error: str | None


@dataclass
class Operation:
    """One piece of work; once it has ended, `done` holds its result or its exception.

    Work of the same kind and `subject` gives the same result.
    """

    kind: OperationKind
    subject: str = ""
    operation_id: str = field(default_factory=lambda: uuid4().hex)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    completed_at: datetime | None = None
    step: str = "starting"
    progress: float = 0.0
    done: Future[Any] = field(default_factory=Future)

    @property
    def status(self) -> OperationState:
        """Whether it runs, has completed or has failed."""
        if not self.done.done():
            return "running"
        return "completed" if self.done.exception() is None else "failed"

    @property
    def result(self) -> Any:  # noqa: ANN401 - whatever the work returned
        """What the work returned; None while it runs and when it failed."""
        return self.done.result() if self.status == "completed" else None

    @property
    def error(self) -> str | None:
        """Why it failed, as a sentence for the user; None unless it failed."""
        if self.status != "failed":
            return None
        exc = self.done.exception()
        return str(exc) if isinstance(exc, AmlError) else UNEXPECTED

    def fields(self) -> dict[str, Any]:
        """The fields of its answer."""
        names = (*OperationStatus.model_fields, "result")
        return {name: getattr(self, name) for name in names}

    def report(self, step: str, progress: float) -> None:
        """Notes how far the work is; called by the work."""
        self.step, self.progress = step, progress

    def ended_within(self, seconds: float) -> bool:
        """Waits and says whether the work has ended; raises what the work raised."""
        wait([self.done], timeout=seconds)
        if self.done.done():
            self.done.result()
            return True
        return False


class Operations:
    """The operations of this process, with the latest ended ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._operations: dict[str, Operation] = {}

    def start(
        self, kind: OperationKind, work: Callable[[Progress], Any], *, exclusive: bool = True
    ) -> Operation:
        """Starts the work in a thread of its own, with the function it reports its progress to.

        Raises:
            InUse: it is exclusive, and work of its kind is running.
        """
        with self._lock:
            for other in self._operations.values():
                if exclusive and other.kind == kind and other.status == "running":
                    location = f"/v1/operations/{other.operation_id}"
                    raise InUse(f"A {kind} is running already: see {location}.", location=location)
            return self._start(Operation(kind), work)

    def join(self, kind: OperationKind, subject: str, work: Callable[[Progress], Any]) -> Operation:
        """The operation of this kind and subject that is running; starts one when there is none."""
        with self._lock:
            for other in self._operations.values():
                if (other.kind, other.subject, other.status) == (kind, subject, "running"):
                    return other
            return self._start(Operation(kind, subject), work)

    def _start(self, operation: Operation, work: Callable[[Progress], Any]) -> Operation:
        self._operations[operation.operation_id] = operation
        for old in list(self._operations.values())[:-MAX_ENDED_OPERATIONS]:
            if old.status != "running":
                del self._operations[old.operation_id]
        name = f"{operation.kind}-{operation.operation_id[:8]}"
        threading.Thread(target=_run, args=(operation, work), name=name, daemon=True).start()
        return operation

    def get(self, operation_id: str) -> Operation:
        """The operation of this id.

        Raises:
            NotFound: this process has none of this id.
        """
        operation = self._operations.get(operation_id)
        if operation is None:
            raise NotFound(
                f"This server knows no operation {operation_id}. A server forgets its operations when it "
                "restarts: see /ingestion/status, and start the work again if it did not end."
            )
        return operation


def _run(operation: Operation, work: Callable[[Progress], Any]) -> None:
    try:
        result = work(operation.report)
    except Exception as exc:
        if not isinstance(exc, AmlError):
            log.exception("operation_failed", kind=operation.kind, operation_id=operation.operation_id)
        operation.completed_at = datetime.now(UTC)
        operation.done.set_exception(exc)
        return
    operation.report("done", 1.0)
    operation.completed_at = datetime.now(UTC)
    operation.done.set_result(result)
