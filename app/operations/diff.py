"""Compares two scoring runs as work of this process: it takes about as long as running them."""

from app.domain import Progress
from app.operations.operation import Operation, Operations
from app.runs.queries import completed_run
from app.stores.limits import Work
from app.stores.postgres import Postgres

DIFF_SECONDS = 2
"""How long a request waits for a comparison that it started or joined."""


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
        return {"run_a": run_a, "run_b": run_b, "changed": changed}

    return operations.join("diff", f"{run_a} {run_b}", work)
