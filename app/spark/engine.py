"""Opens Spark for one run: what it needs is looked for first, and the driver is a process of its own."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.errors import DependencyMissing, InvalidInput
from app.spark.java import machines_java, wheels_java
from app.spark.options import SparkOptions
from app.spark.orders import LOG_FILE, Place

if TYPE_CHECKING:  # it loads a compiler
    from app.spark.passes import SparkPasses

_MASTER_SECONDS = 5.0
_MASTER_PORT = 7077
_NEWEST_PANDAS = 2


def preflight(options: SparkOptions) -> Place:
    """Looks for all that this machine needs, before anything starts.

    Raises:
        DependencyMissing: a package or Java is missing, or the master does not answer.
        InvalidInput: a cluster without a folder that it reaches.
    """
    for package in ("pyspark", "pyarrow", "pandas"):
        if find_spec(package) is None:
            raise DependencyMissing(
                f"The engine spark needs the package {package}: `pip install 'aml-risk[spark]'`."
            )
    import pandas as pd  # noqa: PLC0415 - an extra

    if int(pd.__version__.partition(".")[0]) > _NEWEST_PANDAS:
        raise DependencyMissing(f"Spark needs pandas below 3, and {pd.__version__} is installed.")
    if options.is_local:
        return Place(options.master, str(wheels_java()), options.memory, "")
    if options.folder is None:
        raise InvalidInput(
            "A Spark cluster needs a folder or a URL that all its machines reach, for the files of a run: "
            "--folder, or AML_SPARK_FOLDER."
        )
    java = machines_java()
    if options.master.startswith("spark://"):
        _reach(options.master)
    return Place(options.master, str(java), options.memory, "")


def _reach(master: str) -> None:
    """Connects to a standalone master, or to one of several; others are asked by Spark itself."""
    failed: Exception | None = None
    for address in master.removeprefix("spark://").split(","):
        try:
            at = urlsplit(f"//{address}")
            with socket.create_connection((at.hostname or "", at.port or _MASTER_PORT), _MASTER_SECONDS):
                return
        except (OSError, ValueError) as exc:
            failed = exc
    raise DependencyMissing(f"The Spark master {master} does not answer ({failed}). Is it running?")


@contextmanager
def spark_passes(options: SparkOptions) -> Iterator["SparkPasses"]:
    """The passes of one run; the driver and its files are gone after the block.

    Raises:
        DependencyMissing, InvalidInput: as `preflight`; Spark does not start, or a worker lacks something.
    """
    from app.spark.passes import SparkPasses  # noqa: PLC0415 - loads a compiler

    place = preflight(options)
    with tempfile.TemporaryDirectory(prefix="aml-spark-", ignore_cleanup_errors=True) as folder:
        with (Path(folder) / LOG_FILE).open("wb") as errors:
            driver = subprocess.Popen(
                [sys.executable, "-m", "app.spark.driver"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # it, its Java and its workers are ended together
            )
        passes = SparkPasses(driver, Path(folder), options)
        try:
            passes.begin(Place(place.master, place.java, place.memory, folder))
            yield passes
        except BaseException:
            passes.end(now=True)
            raise
        passes.end()
