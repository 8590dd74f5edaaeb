"""One scoring run by an engine in a process of its own, so that its peak memory is the run's alone.

Prints one JSON object: the seconds of each step, wall and processor, and the largest resident size, of this
process and of all together that it has started.
"""

import json
import resource
import sys
from contextlib import nullcontext
from itertools import pairwise
from time import perf_counter, process_time
from typing import Any, cast

from app.logs import configure_logging
from app.operations.runs import open_spark, spark_options
from app.policy.policy import load_policy
from app.runs.compute import EngineChoice
from app.runs.run import run_scoring
from app.settings import Settings
from app.stores.postgres import Postgres
from bench.processes import largest_tree


def main() -> None:
    """Scores the record that the environment names."""
    configure_logging("console")  # on stderr: stdout is the answer
    settings = Settings()
    postgres = Postgres(settings.postgres_url)
    marks: list[tuple[str, float, float]] = []

    def tell(step: str, _part: float) -> None:
        if not marks or marks[-1][0] != step:
            marks.append((step, perf_counter(), process_time()))

    engine = cast("EngineChoice", sys.argv[1] if len(sys.argv) > 1 else "ledger")
    tell("opening a snapshot", 0.0)
    # Looking at the memory of a large process takes time from the run: only where it starts others.
    with largest_tree() if engine == "spark" else nullcontext([0]) as tree:
        run_id = run_scoring(
            postgres,
            None,
            load_policy(settings.policy_file),
            engine=engine,
            progress=tell,
            open_passes=open_spark(spark_options(settings)),
        )
    postgres.close()
    steps: dict[str, Any] = {
        step: {"wall": round(later - wall, 3), "cpu": round(later_cpu - cpu, 3)}
        for (step, wall, cpu), (_, later, later_cpu) in pairwise(marks)
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = {"run_id": run_id, "steps": steps, "peak_bytes": peak, "peak_tree_bytes": max(peak, tree[0])}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
