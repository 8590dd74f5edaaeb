"""Verifies a scoring run, and compares two, as work of this process: each takes about as long as a run."""

from app.domain import Progress
from app.operations.operation import Operation, Operations
from app.runs.queries import completed_or_pruned_run, completed_run
from app.stores.limits import Work
from app.stores.postgres import Postgres

DIFF_SECONDS = 2
"""How long a request waits for a comparison that it started or joined."""


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


def start_diff(operations: Operations, postgres: Postgres, run_a: int, run_b: int) -> Operation | None:
    """Starts the comparison, or joins the one that runs.

    Returns:
        The operation, or None when this process has compared the two already.

    Raises:
        NotFound: there is no run of that id.
        NotReady: one of the runs has no results.
    """
    from app.verify.diff_lists import is_compared, run_diff  # noqa: PLC0415 - loads a compiler

    with postgres.transaction() as connection:
        for run_id in (run_a, run_b):
            completed_run(connection, run_id)
    if is_compared(postgres, run_a, run_b):
        return None

    def work(_progress: Progress) -> dict[str, object]:
        changed = run_diff(postgres.during(Work.RUN), run_a, run_b, 1, None).changed
        return {"run_id_before": run_a, "run_id_after": run_b, "changed": changed}

    return operations.join("diff", f"{run_a} {run_b}", work)
