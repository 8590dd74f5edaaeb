"""Verifies a scoring run as work of this process."""

from app.domain import Progress
from app.operations.operation import Operation, Operations
from app.runs.queries import completed_or_pruned_run
from app.stores.limits import Work
from app.stores.postgres import Postgres


def start_verification(operations: Operations, postgres: Postgres, run_id: int) -> Operation:
    """Starts computing a run again from the record.

    Raises:
        NotFound: there is no run of this id.
        NotReady: it has no results.
        InUse: this process is verifying a run already.
    """
    from app.verify.verify import verify_run  # noqa: PLC0415 - loads a compiler

    with postgres.transaction() as connection:
        completed_or_pruned_run(connection, run_id)

    def work(progress: Progress) -> dict[str, object]:
        return verify_run(postgres.during(Work.RUN), run_id, progress).model_dump(mode="json")

    return operations.start("verify", work)
