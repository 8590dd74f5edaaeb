"""Copies of a store's files, and putting an older one back while everything else goes on."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from time import sleep
from typing import Final

import psutil

STORES: Final = ("postgres", "neo4j")
KEPT: Final = 3
"""Copies of each store."""


class Copies:
    """Copies of the data of stores in a home, on another disk.

    A store's processes are stopped meanwhile, so a copy is what a crash at that moment would have left.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        self._home = home
        self._folder = folder
        self._number = 0
        self.kept: dict[str, list[Path]] = {store: [] for store in STORES}

    def take(self, store: str, supervisor: int) -> None:
        """Copies a store that runs."""
        self._number += 1
        copy = self._folder / f"{store}-{self._number}"
        with stopped([supervisor]), stopped(processes_in(self._home / store)):
            _copy(self._home / store / "data", copy)
        self.kept[store].append(copy)
        while len(self.kept[store]) > KEPT:
            shutil.rmtree(self.kept[store].pop(0))

    def put_back(self, store: str, supervisor: int, random: Random) -> bool:
        """Kills a store and gives it the files of an earlier copy; False where there is none, or no space."""
        if not self.kept[store]:
            return False
        data, fresh, old = (self._home / store / name for name in ("data", "put-back", "replaced"))
        try:
            _copy(random.choice(self.kept[store]), fresh)
        except subprocess.CalledProcessError:  # the disk is full just now
            shutil.rmtree(fresh, ignore_errors=True)
            return False
        with stopped([supervisor]):
            killed = processes_in(self._home / store)
            for pid in killed:
                _signal(pid, signal.SIGKILL)
            while any(map(_lives, killed)):
                sleep(0.05)
            data.rename(old)
            fresh.rename(data)
        shutil.rmtree(old)
        return True


def processes_in(folder: Path) -> list[int]:
    """The processes that work in a folder: a server and all that it has started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(folder):
                found.append(process.pid)
    return found


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """These processes do nothing inside the block."""
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            _signal(pid, signal.SIGCONT)


def _lives(pid: int) -> bool:
    """A process whose parent is stopped ends as a zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _copy(source: Path, target: Path) -> None:
    """With owners and modes, which PostgreSQL insists on."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True, capture_output=True)
