"""The driver as a process of its own: one session of Spark, told what to do by lines on its standard input.

The first line says where (`Place`); it answers `ready`, or `failed`. Each further line is a pass (`Order`):
it answers `progress` now and then, and `done`. It ends when its input ends, and with it its jobs.
"""

import json
import os
import sys
import threading
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from app.spark.gateway import spark_session
from app.spark.orders import Order, Place
from app.spark.plan import STEPS_A_TASK, shares_by_hops, stages_of
from app.spark.reasons import reason_of
from app.spark.tasks import Pass, Slowest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_POLL_SECONDS = 0.5
_ROWS_A_BATCH = 50_000


def main() -> None:
    """Reads orders until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever Spark prints is no answer
    try:
        place = Place(**json.loads(sys.stdin.readline()))
        with spark_session(place, _conf(place)) as spark:
            spark.sparkContext.setLogLevel("ERROR")
            try:
                _say(answers, "ready", **_probe(spark))
                for line in sys.stdin:
                    _carry_out(spark, Order(**json.loads(line)), answers)
            except BrokenPipeError:
                raise
            except Exception as exc:  # noqa: BLE001 - the process that asked tells it
                # Here, while Java runs: an error of Java is asked for its text.
                _say(answers, "failed", **asdict(reason_of(exc)))
    except BrokenPipeError:
        return  # nobody waits for an answer any more
    except BaseException as exc:
        _say(answers, "failed", **asdict(reason_of(exc)))
        raise SystemExit(1) from exc


def _conf(place: Place) -> dict[str, str]:
    conf = {
        "spark.app.name": "aml score",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(_ROWS_A_BATCH),
        "spark.sql.adaptive.enabled": "false",  # it would join small tasks, and the number of tasks is chosen
        "spark.driver.maxResultSize": "0",
        "spark.python.worker.faulthandler.enabled": "true",
        "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled": "false",
    }
    if place.is_local:
        conf |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": place.folder,
        }
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if place.is_local:
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    return conf


def _probe(spark: "SparkSession") -> dict[str, Any]:
    """Asks a worker which versions it has.

    Raises:
        RuntimeError: another one than the driver.
    """
    cores = spark.sparkContext.defaultParallelism
    found = spark.sparkContext.parallelize(range(cores), cores).map(_versions).distinct().collect()
    mine = _versions(0)
    for versions in found:
        if versions != mine:
            raise RuntimeError(
                f"A worker has aml-risk {versions[0]}, Python {versions[1]}, NumPy {versions[2]}; this "
                f"machine has {mine[0]}, {mine[1]}, {mine[2]}. Install the same on every worker, and name "
                "its Python by PYSPARK_PYTHON."
            )
    return {"cores": cores, "spark": spark.version}


def _versions(_: int) -> tuple[str, str, str]:
    import numpy as np  # noqa: PLC0415 - of the worker

    from app.ledger import hop_scan  # noqa: F401, PLC0415 - the worker needs it

    return version("aml-risk"), f"{sys.version_info.major}.{sys.version_info.minor}", np.__version__


def _carry_out(spark: "SparkSession", order: Order, answers: TextIO) -> None:
    of = Pass(tuple(order.categories), order.hop_limit, order.direction)
    _share(spark, order)
    from app.spark.skew import LargestOf  # noqa: PLC0415 - an extra

    slowest = spark.sparkContext.accumulator(Slowest(), LargestOf())
    tasks = max(spark.sparkContext.defaultParallelism, -(-2 * order.rows // STEPS_A_TASK))
    transfers = spark.read.parquet(order.shared)
    shares = shares_by_hops(transfers, of, tasks, slowest.add)
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(spark, stages_of(of), answers, done), daemon=True)
    watch.start()
    try:
        _write(shares, Path(order.answer))
    finally:
        done.set()
        watch.join()
    _say(answers, "done", tasks=tasks, **slowest.value._asdict())


def _share(spark: "SparkSession", order: Order) -> None:
    """Copies the transfers to where workers reach them, by Spark's own connectors."""
    if order.shared == order.transfers:
        return
    context = spark.sparkContext
    jvm: Any = context._jvm  # noqa: SLF001 - PySpark has no other way to its file systems
    target = jvm.org.apache.hadoop.fs.Path(order.shared)
    configuration = context._jsc.hadoopConfiguration()  # noqa: SLF001 - likewise
    files = target.getFileSystem(configuration)
    if not files.exists(target):
        source = jvm.org.apache.hadoop.fs.Path(f"file://{order.transfers}")
        files.copyFromLocalFile(False, True, source, target)


def _write(shares: "DataFrame", file: Path) -> None:
    from pyarrow import ipc  # noqa: PLC0415 - an extra

    table = shares.toArrow()
    with ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _watch(spark: "SparkSession", stages: int, answers: TextIO, done: threading.Event) -> None:
    """Tells how many of the stages, and of the tasks of the one that runs, are done."""
    tracker = spark.sparkContext.statusTracker()
    seen: set[int] = set()
    while not done.wait(_POLL_SECONDS):
        active = tracker.getActiveStageIds()
        seen |= set(active)
        part = 0.0
        for stage in active:
            if (info := tracker.getStageInfo(stage)) is not None and info.numTasks:
                part = max(part, info.numCompletedTasks / info.numTasks)
        ended = len(seen) - bool(active)
        try:
            _say(answers, "progress", part=min(1.0, (ended + part) / stages))
        except BrokenPipeError:  # who asked is dead: Java ends with this process
            os._exit(1)


def _say(answers: TextIO, event: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
    answers.write(json.dumps({"event": event, **fields}) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
