"""Tries readers on hostile files, and prints what is wrong: arguments are two seeds, and readers if not all.

It is a process of its own since the children that read begin with its memory.
"""

import sys
import tempfile
from pathlib import Path

from tests.support.hostile.readers import READERS
from tests.support.hostile.trial import trials

first, last = int(sys.argv[1]), int(sys.argv[2])
tried, most_memory, most_seconds = 0, 0, 0.0
with tempfile.TemporaryDirectory(prefix="aml-hostile-") as temporary:
    for outcome in trials(sys.argv[3:] or list(READERS), range(first, last), Path(temporary)):
        tried += 1
        most_memory, most_seconds = max(most_memory, outcome.memory), max(most_seconds, outcome.seconds)
        if outcome.fault is not None:
            sys.stdout.write(f"FAULT {outcome.fault}\n")
            sys.stdout.flush()
sys.stdout.write(
    f"{tried} files, {most_memory >> 20} MiB and {most_seconds:.1f} s of the processor at most\n"
)
