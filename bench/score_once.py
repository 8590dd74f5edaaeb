"""One scoring run by the ledger engine in a process of its own, so that its peak memory is the run's alone.

Prints one JSON object: the seconds of each step, wall and processor, and the largest resident size.
"""

import json
import resource
import sys
from itertools import pairwise
from time import perf_counter, process_time
from typing import Any

from app.logs import configure_logging
from app.policy.policy import load_policy
from app.runs.run import run_scoring
from app.settings import Settings
from app.stores.postgres import Postgres


def main() -> None:
    """Scores the record that the environment names."""
    configure_logging("console")  # on stderr: stdout is the answer
    settings = Settings()
    postgres = Postgres(settings.postgres_url)
    marks: list[tuple[str, float, float]] = []

    def tell(step: str, _part: float) -> None:
        if not marks or marks[-1][0] != step:
            marks.append((step, perf_counter(), process_time()))

    tell("opening a snapshot", 0.0)
    run_id = run_scoring(
        postgres,
        None,
        load_policy(settings.policy_file),
        engine="ledger",
        progress=tell,
    )
    postgres.close()
    steps: dict[str, Any] = {
        step: {"wall": round(later - wall, 3), "cpu": round(later_cpu - cpu, 3)}
        for (step, wall, cpu), (_, later, later_cpu) in pairwise(marks)
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    json.dump({"run_id": run_id, "steps": steps, "peak_bytes": peak}, sys.stdout)


if __name__ == "__main__":
    main()
