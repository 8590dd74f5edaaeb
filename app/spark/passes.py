"""Both passes of a run by Spark: transfers out as files, progress and shares back from its driver."""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from app.errors import DependencyMissing, Unequal
from app.ledger.cells import DESTINATION, SOURCE, CellLayout
from app.ledger.exposure import FractionDone, PassResult
from app.ledger.kernels import Flows, Pools
from app.spark.options import SparkOptions
from app.spark.orders import LOG_FILE, Order, Place

log = structlog.get_logger()

_IDLE_SECONDS = 1.0
_STOP_SECONDS = 30.0
_WRITING = 0.15
"""The part of the first pass in which transfers are written."""


class SparkPasses:
    """Both passes over the same transfers; each gives what its namesake of `app.ledger.exposure` gives."""

    def __init__(self, driver: "subprocess.Popen[bytes]", folder: Path, options: SparkOptions) -> None:
        self._driver = driver
        self._folder = folder
        self._options = options
        self._transfers: Path | None = None
        self._answers = self._lines()
        self._where = options.master
        self._slowest: dict[str, Any] = {}

    def begin(self, place: Place) -> None:
        """Waits until Spark is there, and its workers have what they need."""
        self._tell(asdict(place))
        ready = self._answer(lambda _part: None)
        self._where = f"Spark {ready['spark']} at {self._options.master} on {ready['cores']} cores"
        log.info("spark_started", master=self._options.master, cores=ready["cores"])

    def end(self, *, now: bool = False) -> None:
        """Ends the driver, and with `now` whatever it is doing."""
        assert self._driver.stdin is not None  # noqa: S101 - a pipe was asked for
        assert self._driver.stdout is not None  # noqa: S101 - likewise
        with suppress(BrokenPipeError):
            self._driver.stdin.close()  # it has nothing more to do
        if not now:
            with suppress(subprocess.TimeoutExpired):
                self._driver.wait(_STOP_SECONDS)
        with suppress(ProcessLookupError):  # what is left, such as a job that was cancelled
            os.killpg(self._driver.pid, signal.SIGKILL)
        self._driver.wait()
        self._driver.stdout.close()
        if self._transfers is not None:
            shutil.rmtree(self._transfers, ignore_errors=True)

    def summary(self) -> str:
        """Where it ran, and which wallet took longest, for the row of the run."""
        if self._slowest.get("steps", 0) <= 0:
            return self._where
        return (
            f"{self._where}; the busiest wallet had {self._slowest['steps']:,} steps in one task, "
            f"{self._slowest['seconds']:.1f} s a hop"
        )

    def source(
        self, flows: Flows, pools: Pools, layout: CellLayout, progress: FractionDone | None = None
    ) -> PassResult:
        """Where all that each pool ever received came from."""
        return self._pass(SOURCE, flows, pools, layout, progress or _silent)

    def destination(
        self, flows: Flows, pools: Pools, layout: CellLayout, progress: FractionDone | None = None
    ) -> PassResult:
        """Where all that each pool ever sent went."""
        return self._pass(DESTINATION, flows, pools, layout, progress or _silent)

    def _pass(
        self, direction: int, flows: Flows, pools: Pools, layout: CellLayout, tell: FractionDone
    ) -> PassResult:
        from app.spark.transfer_files import read_shares  # noqa: PLC0415 - an extra

        begins = 0.0
        if self._transfers is None:
            self._transfers, begins = self._folder_of_transfers(), _WRITING
            self._write(self._transfers, flows, pools, tell)
        answer = self._folder / f"shares-{direction}.arrow"
        order = Order(
            transfers=str(self._transfers),
            shared=self._shared(self._transfers),
            rows=len(flows.amount),
            categories=list(layout.categories),
            hop_limit=layout.hop_limit,
            direction=direction,
            answer=str(answer),
        )
        self._tell(asdict(order))
        done = self._answer(lambda part: tell(begins + part * (1.0 - begins)))
        if done["seconds"] > self._slowest.get("seconds", 0.0):
            self._slowest = done
        log.info("spark_pass", **{name: done[name] for name in ("tasks", "seconds", "steps")})
        result = read_shares(answer)
        answer.unlink()
        return result

    def _folder_of_transfers(self) -> Path:
        if self._options.folder is None or self._options.is_url:
            return self._folder / "transfers"
        try:
            Path(self._options.folder).mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="aml-spark-", dir=self._options.folder))
            folder.chmod(0o755)
        except OSError as exc:
            raise DependencyMissing(f"{self._options.folder} cannot be written: {exc.strerror}.") from exc
        return folder

    @staticmethod
    def _write(folder: Path, flows: Flows, pools: Pools, tell: FractionDone) -> None:
        from app.spark.transfer_files import write_transfers  # noqa: PLC0415 - an extra

        for done in write_transfers(folder, flows, pools):
            tell(_WRITING * done / max(len(flows.amount), 1))

    def _shared(self, transfers: Path) -> str:
        """Where workers find the transfers."""
        if self._options.folder is None or not self._options.is_url:
            return str(transfers)
        return f"{self._options.folder.rstrip('/')}/{self._folder.name}"

    def _tell(self, line: dict[str, Any]) -> None:
        assert self._driver.stdin is not None  # noqa: S101 - a pipe was asked for
        with suppress(BrokenPipeError):  # it has ended, and its answer says why
            self._driver.stdin.write(json.dumps(line).encode() + b"\n")
            self._driver.stdin.flush()

    def _answer(self, tell: FractionDone) -> dict[str, Any]:
        """The answer of the driver; `tell` is called meanwhile, and may raise.

        Raises:
            DependencyMissing: Spark failed, with its reason; or its driver has ended.
            Unequal: the annotation does not add up.
        """
        part = 0.0
        for line in self._answers:
            said: dict[str, Any] = {"event": "idle"} if line is None else json.loads(line)
            if said["event"] == "failed":
                raise Unequal(said["text"]) if said["unequal"] else self._failed(said["text"])
            if said["event"] not in {"idle", "progress"}:
                return said
            part = max(part, float(said.get("part", 0.0)))
            tell(part)
        code = self._driver.wait()
        raise self._failed(f"its driver ended with code {code}. {self._last_words()}")

    def _lines(self) -> Iterator[str | None]:
        """What the driver writes, line by line; None where it writes nothing for a while."""
        stream = self._driver.stdout
        assert stream is not None  # noqa: S101 - a pipe was asked for
        rest = b""
        while True:
            readable, _, _ = select.select([stream], [], [], _IDLE_SECONDS)
            if not readable:
                yield None
                continue
            some = os.read(stream.fileno(), 65_536)
            if not some:
                return
            *lines, rest = (rest + some).split(b"\n")
            yield from (line.decode() for line in lines)

    def _failed(self, reason: str) -> DependencyMissing:
        """What is told; Spark's log is kept, because the folder of the run goes."""
        descriptor, kept = tempfile.mkstemp(prefix="aml-spark-", suffix=".log")
        with os.fdopen(descriptor, "wb") as file:
            file.write((self._folder / LOG_FILE).read_bytes())
        return DependencyMissing(
            f"Spark failed, and nothing was published: {reason.strip()} (Spark's log: {kept})"
        )

    def _last_words(self) -> str:
        """The last error in Spark's log."""
        lines = (self._folder / LOG_FILE).read_text(errors="replace").splitlines()
        return next((line.strip()[:300] for line in reversed(lines) if _tells(line)), "")


def _tells(line: str) -> bool:
    return "Error" in line or "Exception" in line or "ERROR" in line


def _silent(_part: float) -> None:
    """Nobody watches."""
