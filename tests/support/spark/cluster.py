"""A standalone cluster of Spark: a master and two workers as processes, on the Java that Debian has."""

import os
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import psutil

from tests.support.commands import free_port

JAVA_HOMES = sorted(Path("/usr/lib/jvm").glob("java-17-openjdk-*")) if Path("/usr/lib/jvm").is_dir() else []
WORKERS = 2
LOST_AFTER_SECONDS = 60
"""A master that shares two cores with everything else answers itself late."""
_CONFIGURATION = f"""
spark.network.timeout {LOST_AFTER_SECONDS}s
spark.executor.heartbeatInterval 5s
spark.executor.memory 1g
spark.worker.timeout {LOST_AFTER_SECONDS}
"""


class Cluster:
    """Its processes; `environment` is what a driver needs to reach them."""

    def __init__(self, folder: Path) -> None:
        spec = find_spec("pyspark")
        assert spec is not None
        assert spec.origin is not None
        self._home = str(Path(spec.origin).parent)
        self._folder = folder
        configuration = folder / "conf"
        configuration.mkdir(parents=True)
        (configuration / "spark-defaults.conf").write_text(_CONFIGURATION)
        self.environment = {
            "JAVA_HOME": str(JAVA_HOMES[0]),
            "SPARK_CONF_DIR": str(configuration),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_HOME": self._home,
            "SPARK_SCALA_VERSION": self._scala(),  # as Spark's own scripts say to those they start
            "PYSPARK_PYTHON": sys.executable,
        }
        self._port = free_port()
        self.master = f"spark://127.0.0.1:{self._port}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._started = 0

    def start(self) -> None:
        """Starts what does not run."""
        if not self._runs("master"):
            self._start("master", "master.Master", "--port", str(self._port))
            self._await_master()
        for number in range(WORKERS):
            if not self._runs(f"worker{number}"):
                self._start(f"worker{number}", "worker.Worker", "--cores", "1", "--memory", "1g", self.master)

    def stop(self) -> None:
        """Ends all processes."""
        for name in list(self._processes):
            self.kill(name)

    def kill(self, name: str) -> None:
        """Kills a process with its executors, if it runs."""
        process = self._processes.pop(name)
        for each in [*self.executors(process), psutil.Process(process.pid)] if process.poll() is None else []:
            each.kill()
        process.wait()

    def freeze(self, name: str, seconds: float) -> None:
        """Cuts a worker off: nothing that is sent to it is answered for so long."""
        frozen = [psutil.Process(self._processes[name].pid), *self.executors(self._processes[name])]
        for each in frozen:
            each.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        for each in frozen:
            if each.is_running():
                each.send_signal(signal.SIGCONT)

    def executors(self, process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
        """The executors of a worker, with their Python."""
        return psutil.Process(process.pid).children(recursive=True)

    def workers(self) -> list[str]:
        """The names of the workers that run."""
        return [name for name in self._processes if name.startswith("worker") and self._runs(name)]

    def kill_executors(self, name: str) -> None:
        """Kills what a worker has started, and not the worker."""
        for each in self.executors(self._processes[name]):
            each.kill()

    def _scala(self) -> str:
        (core,) = Path(self._home, "jars").glob("spark-core_*.jar")
        return core.name.removeprefix("spark-core_").partition("-")[0]

    def _runs(self, name: str) -> bool:
        return name in self._processes and self._processes[name].poll() is None

    def _start(self, name: str, of: str, *words: str) -> None:
        self._started += 1
        work = self._folder / f"{name}-{self._started}"
        work.mkdir()
        with (work / "log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [
                    f"{self.environment['JAVA_HOME']}/bin/java",
                    "-Xmx512m",
                    "-cp",
                    os.pathsep.join([self.environment["SPARK_CONF_DIR"], f"{self._home}/jars/*"]),
                    f"org.apache.spark.deploy.{of}",
                    "--host",
                    "127.0.0.1",
                    "--webui-port",
                    str(free_port()),
                    *words,
                ],
                env={
                    **os.environ,
                    **self.environment,
                    "SPARK_WORKER_DIR": str(work),
                    "SPARK_LOCAL_DIRS": str(work),
                },
                stdout=log,
                stderr=log,
            )

    def _await_master(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            assert time.monotonic() < deadline, "the master does not answer"
            time.sleep(0.1)
