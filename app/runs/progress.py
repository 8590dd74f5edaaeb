"""The progress of a run over its steps, written to its row and reported to its caller."""

from time import monotonic

from app.domain import Progress
from app.runs import run_row
from app.stores.postgres import Postgres

SECONDS_BETWEEN_WRITES = 1.0
"""Within one step, progress is written to the row at most this often."""

STEPS = {
    "catching the graph up": (0.0, 0.1),
    "walking paths": (0.1, 0.7),
    "starting Spark": (0.0, 0.0),
    "reading pools": (0.0, 0.02),
    "reading transfers": (0.02, 0.3),
    "tracing sources": (0.3, 0.4),
    "tracing destinations": (0.4, 0.5),
    "scoring wallets": (0.7, 0.73),
    "computing digests": (0.73, 0.75),
    "storing exposures": (0.75, 0.95),
    "storing scores": (0.95, 0.99),
    "publishing": (0.99, 1.0),
}
"""Where each step begins and ends as a part (0..1) of a run; an engine takes some of them."""


def reporter(postgres: Postgres, run_id: int, progress: Progress | None) -> Progress:
    """A function that takes a step and the part of it that is done (0..1), and reports the part of the run.

    It raises Cancelled when the run has been cancelled.
    """
    last_step, last_write = "", 0.0

    def report(step: str, part: float) -> None:
        nonlocal last_step, last_write
        begins, ends = STEPS[step]
        whole = begins + part * (ends - begins)
        if progress is not None:
            progress(step, whole)
        if step != last_step or monotonic() - last_write >= SECONDS_BETWEEN_WRITES:
            run_row.report(postgres, run_id, step, whole)
            last_step, last_write = step, monotonic()

    return report
