"""How far a run is: its steps, each with its part of the whole, told to the record and to whoever waits."""

from time import monotonic

from app.domain import Progress
from app.runs import run_row
from app.stores.postgres import Postgres

EVERY_SECONDS = 1.0
"""Within one step, the record is told at most this often."""

STEPS = {
    "catching the graph up": (0.0, 0.1),
    "source paths": (0.1, 0.4),
    "destination paths": (0.4, 0.7),
    "reading pools": (0.0, 0.02),
    "reading transfers": (0.02, 0.3),
    "tracing sources": (0.3, 0.4),
    "tracing destinations": (0.4, 0.5),
    "scoring wallets": (0.7, 0.73),
    "summing the record": (0.73, 0.75),
    "storing exposures": (0.75, 0.95),
    "storing scores": (0.95, 0.99),
    "publishing": (0.99, 1.0),
}
"""Where each step begins and ends as part of a run; either engine takes some of them."""


def reporter(postgres: Postgres, run_id: int, progress: Progress | None) -> Progress:
    """Reports steps, and how far each is (0..1), as parts of the whole run.

    Telling raises Cancelled when somebody has asked for the run's end.
    """
    last_step, last_told = "", 0.0

    def tell(step: str, part: float) -> None:
        nonlocal last_step, last_told
        begins, ends = STEPS[step]
        whole = begins + part * (ends - begins)
        if progress is not None:
            progress(step, whole)
        if step != last_step or monotonic() - last_told >= EVERY_SECONDS:
            run_row.report(postgres, run_id, step, whole)
            last_step, last_told = step, monotonic()

    return tell
