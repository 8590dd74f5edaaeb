"""Late transfers into a busy pool, written by a process of its own, so that its memory is this work's alone.

`python -m bench.late_writer TRANSFERS BATCHES FIRST` prints one JSON object: seconds, of the clock and of the
processors (without PostgreSQL's), how many transfers were restated in each batch on average, and the largest
resident size before and at the end. FIRST is how many of `late_transfers` are written already.
"""

import json
import sys
from pathlib import Path
from time import perf_counter, process_time

from app.settings import Settings
from app.stores.postgres import Postgres
from bench.busy_pool import late_transfers
from bench.stores import write


def main(transfers: int, batches: int, first: int) -> None:
    """Writes so many late transfers in so many batches into the record that the environment names."""
    postgres = Postgres(Settings().postgres_url)
    postgres.ping()
    late, size = list(late_transfers(transfers, first)), transfers // batches
    before, began, cpu_began = _peak_bytes(), perf_counter(), process_time()
    restated = 0
    for start in range(0, transfers, size):
        restated += write(postgres, late[start : start + size], first + start)
    seconds, cpu_seconds = perf_counter() - began, process_time() - cpu_began
    postgres.close()
    figures = {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),
        "restated_a_batch": restated // batches,
        "before_bytes": before,
        "peak_bytes": _peak_bytes(),
    }
    json.dump(figures, sys.stdout)


def _peak_bytes() -> int:
    """The largest resident size; not `getrusage`, which also counts the process that started this one."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise RuntimeError("Linux says VmHWM")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
