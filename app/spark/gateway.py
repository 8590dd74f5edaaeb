"""Starts the Java of Spark's driver and connects to it, without Spark's launcher (`app.spark.java`)."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.spark.java import options
from app.spark.orders import Place
from app.spark.reasons import reason_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_START_SECONDS = 300
_STOP_SECONDS = 20
_POLL_SECONDS = 0.05


@contextmanager
def spark_session(place: Place, conf: dict[str, str]) -> Iterator["SparkSession"]:
    """A session of Spark, ended with the block. One a process: PySpark keeps it in globals.

    Options of Spark itself come from `spark-defaults.conf` in SPARK_CONF_DIR.

    Raises:
        RuntimeError: Java ends, or does not say in time where it listens.
    """
    import pyspark  # noqa: PLC0415 - an extra
    from pyspark.serializers import UTF8Deserializer, read_int  # noqa: PLC0415 - likewise
    from pyspark.sql import SparkSession  # noqa: PLC0415 - likewise

    home = os.environ.get("SPARK_HOME") or str(Path(pyspark.__file__).parent)
    java, said = Path(place.java), Path(place.folder) / "connection"
    process = subprocess.Popen(
        [
            str(java),
            f"-Xmx{place.memory}",
            *options(java),
            f"-Djava.io.tmpdir={place.folder}",
            "-cp",
            _class_path(home),
            "org.apache.spark.deploy.SparkSubmit",
            *(word for name, value in conf.items() for word in ("--conf", f"{name}={value}")),
            "--master",
            place.master,
            "pyspark-shell",
        ],
        env={**os.environ, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(said), "SPARK_HOME": home},
        stdin=subprocess.PIPE,  # it ends when this closes: also when this process dies
        stdout=sys.stderr,
    )
    try:
        _await(said, process)
        with said.open("rb") as file:
            port = read_int(file)  # type: ignore[no-untyped-call] # PySpark's own
            secret = UTF8Deserializer().loads(file)  # type: ignore[no-untyped-call] # likewise
        os.environ.update(PYSPARK_GATEWAY_PORT=str(port), PYSPARK_GATEWAY_SECRET=secret)
        try:
            session = SparkSession.builder.getOrCreate()
        except Exception as exc:  # whatever PySpark and Java raise; while Java can be asked for its text
            raise RuntimeError(reason_of(exc).text) from exc
        try:
            yield session
        finally:
            session.stop()
    finally:
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _class_path(home: str) -> str:
    """The jars of Spark, behind the user's own settings of it and of Hadoop."""
    configured = [
        os.environ[name]
        for name in ("SPARK_CONF_DIR", "HADOOP_CONF_DIR", "YARN_CONF_DIR")
        if name in os.environ
    ]
    return os.pathsep.join([*configured, f"{home}/jars/*"])


def _await(said: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not said.is_file():
        if process.poll() is not None:
            raise RuntimeError(f"Spark's Java ended with code {process.returncode} before it listened.")
        if time.monotonic() > deadline:
            raise RuntimeError(f"Spark's Java did not listen within {_START_SECONDS} s.")
        time.sleep(_POLL_SECONDS)
