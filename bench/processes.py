"""The processes that are measured: what they use, and the consumer and the API as two of them."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from app.errors import AmlError
from app.settings import PROJECT, Settings

START_SECONDS = 120.0


@contextmanager
def benched_api(settings: Settings, accept: str = "application/json") -> Iterator[httpx.Client]:
    """The API as a process of its own, and a client of it, while the block lasts.

    Raises:
        AmlError: it does not start.
    """
    with (
        subprocess.Popen(
            [sys.executable, "-m", "app.cli", "api"],
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as child,
        httpx.Client(
            base_url=f"http://{settings.api_host}:{settings.api_port}",
            headers={"Accept": accept, **_token()},
            timeout=120,
            trust_env=False,
        ) as client,
    ):
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(client):
                if child.poll() is not None or time.monotonic() > deadline:
                    raise AmlError("The API did not start; run `aml api` to see why.")
                time.sleep(0.1)
            yield client
        finally:
            child.terminate()


@contextmanager
def largest_tree() -> Iterator[list[int]]:
    """The most memory that this process and all it started had together, in bytes, looked at every second.

    Memory that they share counts once (PSS).
    """
    largest, done = [0], threading.Event()

    def look() -> None:
        while not done.wait(1.0):
            together = 0
            for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
                with suppress(psutil.Error):
                    together += process.memory_full_info().pss
            largest[0] = max(largest[0], together)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield largest
    finally:
        done.set()
        thread.join()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False


class BenchedConsumer:
    """The consumer as a process of its own, with its metrics, while the block lasts."""

    def __init__(self) -> None:
        self._port = _free_port()

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "consume"],
            cwd=PROJECT,
            env=os.environ | {"AML_CONSUMER_METRICS_PORT": str(self._port)},
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.terminate()
        self._child.wait()

    def check(self) -> None:
        """Raises AmlError when it has ended."""
        if self._child.poll() is not None:
            raise AmlError("The consumer ended before everything was ingested; run `aml consume` to see why.")

    def wait_until_assigned(self) -> None:
        """Returns when it has been given partitions."""
        deadline = time.monotonic() + START_SECONDS
        while not self._sample("aml_consumer_partitions"):
            self.check()
            if time.monotonic() > deadline:
                raise AmlError("Kafka gives the consumer no partitions.")
            time.sleep(0.2)

    def cpu_seconds(self) -> float:
        """What it has used of the processors since its start."""
        return _cpu_seconds(psutil.Process(self._child.pid))

    def peak_bytes(self) -> int:
        """Its largest resident size since its start."""
        for line in Path(f"/proc/{self._child.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
        return psutil.Process(self._child.pid).memory_info().rss

    def steps(self) -> dict[str, dict[str, Any]]:
        """Of each step of a batch: how often, and the seconds of all of them and of the average one."""
        sums, counts = (
            self._sample("aml_batch_step_seconds_sum"),
            self._sample("aml_batch_step_seconds_count"),
        )
        return {
            step: {
                "times": int(counts[step]),
                "total": round(total, 2),
                "mean": round(total / counts[step], 4),
            }
            for step, total in sums.items()
            if counts[step]
        }

    def _sample(self, name: str) -> dict[str, float]:
        """The samples of this name by their step, those that are not 0."""
        try:
            answer = httpx.get(
                f"http://127.0.0.1:{self._port}/metrics", headers=_token(), trust_env=False, timeout=30
            )
        except httpx.TransportError:  # it is still starting
            return {}
        body = answer.raise_for_status().text
        return {
            sample.labels.get("step", ""): sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
            if sample.name == name and sample.value
        }


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """What these processes and their children, ended ones too, have used of the processors."""
    return {name: _cpu_seconds(psutil.Process(pid)) for name, pid in pids.items()}


def _cpu_seconds(process: psutil.Process) -> float:
    own = process.cpu_times()
    seconds = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        try:
            its = child.cpu_times()
        except psutil.NoSuchProcess:  # it ended this moment: its parent has waited for it
            continue
        seconds += its.user + its.system
    return seconds


def _token() -> dict[str, str]:
    token = os.environ.get("AML_API_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
