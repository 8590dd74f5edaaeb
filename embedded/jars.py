"""The locked jars of Neo4j and Kafka, fetched from Maven Central without Maven."""

import json
import os
import platform
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from threading import Event
from typing import TypedDict

import httpx
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from app.errors import DependencyMissing, InvalidInput
from embedded.cache import cache_dir
from embedded.download import DownloadFailed, LockedFile, fetch
from embedded.lock import exclusive

LOCK = Path(__file__).with_name("jars.lock.json")
_WORKERS = 8
_SPARE_BYTES = 64 << 20
_SYSTEMS = {"Linux": "linux", "Darwin": "osx", "Windows": "windows"}
_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "aarch_64", "aarch64": "aarch_64"}


class _JarFields(TypedDict):
    """What every row of the lock has."""

    path: str
    size: int
    sha256: str


class Jar(_JarFields, total=False):
    """A row of the lock: path in the repository, size in bytes, SHA-256 in hex; `only` names its platform."""

    only: str


def ensure(names: Iterable[str], *, verify: bool = False, lock: Path = LOCK) -> dict[str, list[Path]]:
    """Fetch the jars that are missing; return those of each named set (`neo4j`, `kafka`) in the lock's order.

    Jars on disk are trusted by their size; `verify` recomputes every SHA-256. One process fetches at a time.

    Raises:
        DownloadFailed: no network, no disk space, or a jar that is not the locked one.
        InvalidInput: `AML_MAVEN_URL` is no address.
    """
    sets = _for_this_platform(names, lock)
    files = {
        LockedFile(jar["path"], target(jar), jar["size"], jar["sha256"])
        for jars in sets.values()
        for jar in jars
    }
    if _missing(files, verify=verify):
        folder = cache_dir()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with exclusive(folder / "jars.lock", _say_waiting):
                if missing := _missing(files, verify=verify):  # less when another process held the lock
                    _fetch_all(missing)
        except OSError as exc:
            raise DownloadFailed(
                f"The cache folder {folder} cannot be used ({exc.strerror}): "
                "set AML_CACHE_DIR to a writable folder."
            ) from exc
    return {name: [target(jar) for jar in jars] for name, jars in sets.items()}


def target(jar: Jar) -> Path:
    """Where a jar is kept: by content, so that a changed lock never finds an old file."""
    return cache_dir() / "jars" / jar["sha256"][:16] / jar["path"].rpartition("/")[2]


def _missing(files: Iterable[LockedFile], *, verify: bool) -> list[LockedFile]:
    return [file for file in files if not file.is_present(verify=verify)]


def _say_waiting() -> None:
    Console(stderr=True).print("Another process is fetching the jars: waiting for it ...", highlight=False)


def _for_this_platform(names: Iterable[str], lock: Path) -> dict[str, list[Jar]]:
    here = f"{_SYSTEMS.get(platform.system())}-{_MACHINES.get(platform.machine().lower())}"
    sets: dict[str, list[Jar]] = json.loads(lock.read_text())
    return {name: [jar for jar in sets[name] if jar.get("only", here) == here] for name in names}


def _repository() -> str:
    if mirror := os.environ.get("AML_MAVEN_URL"):
        if not mirror.startswith(("http://", "https://")):
            raise InvalidInput(f"AML_MAVEN_URL={mirror} is no address: write it like https://host/path.")
        return mirror
    try:
        from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - takes 0.4 s, needed once per machine
    except ImportError as exc:
        raise DependencyMissing(
            "The Python package jgo is missing: install the extra `embedded`, or set AML_MAVEN_URL."
        ) from exc
    return str(MAVEN_CENTRAL_URL)


def _fetch_all(files: list[LockedFile]) -> None:
    total = sum(file.size for file in files)
    _check_space(total)
    stopped = Event()
    tls = httpx.create_ssl_context()
    tls.load_default_certs()  # the system's own authorities too: company proxies live there
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        httpx.Client(
            base_url=_repository(), timeout=httpx.Timeout(30, connect=15), follow_redirects=True, verify=tls
        ) as client,
        ThreadPoolExecutor(_WORKERS) as pool,
    ):
        task = progress.add_task(f"Fetching {len(files)} jars", total=total)
        arrived_bytes = dict.fromkeys(files, 0)

        def arrived(file: LockedFile, count: int) -> None:
            arrived_bytes[file] = count
            progress.update(task, completed=sum(arrived_bytes.values()))

        jobs = [
            pool.submit(fetch, client, file, partial(arrived, file), stopped)
            for file in sorted(files, key=lambda file: -file.size)  # the longest first: an even end
        ]
        try:
            for job in as_completed(jobs):
                job.result()
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _check_space(needed_bytes: int) -> None:
    folder = cache_dir()
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes + _SPARE_BYTES:
        raise DownloadFailed(
            f"The jars need {needed_bytes >> 20} MB and the disk of {folder} has {free_bytes >> 20} MB free: "
            "free some space or set AML_CACHE_DIR to another disk."
        )
