"""Every reader on hostile files from seeds: under 300 MiB and a second a megabyte, or refused in a sentence.

`AML_HOSTILE_FILES` says how many a reader: `make test-hostile` tries 500.
"""

import os
import subprocess
import sys

import pytest

from app.settings import PROJECT
from tests.support.hostile.readers import READERS

FILES = int(os.environ.get("AML_HOSTILE_FILES", "4"))


@pytest.mark.parametrize("reader", READERS)
def test_a_hostile_file_is_read_within_bounds_or_refused_in_a_sentence(reader: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.hostile", "0", str(FILES), reader],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{FILES} files"), done.stdout
