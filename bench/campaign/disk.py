"""A small disk for the instance, which can be filled; only root may make one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

DISK_MEGABYTES: Final = 2_560
NEARLY_FULL_MEGABYTES: Final = 100
"""What is left of a disk that is filled so far that the consumer pauses."""


class Disk:
    """The disk of a folder, which is filled by a file beside the instance."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._filler = folder / "filler"

    def fill(self, leave_megabytes: int) -> bool:
        """Takes all space but this; whether there was any to take."""
        size = shutil.disk_usage(self._folder).free - (leave_megabytes << 20)
        if size <= 0 or self._filler.exists():
            return False
        descriptor = os.open(self._filler, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            while size > 0:
                with suppress(OSError):
                    os.posix_fallocate(descriptor, 0, size)
                    break
                size -= 1 << 20  # somebody was faster
        finally:
            os.close(descriptor)
        return True

    def free(self) -> None:
        """Gives the space back."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk | None]:
    """A file system of its own in this folder, in memory; None where this process may not make one."""
    options = f"size={DISK_MEGABYTES}m,mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        yield None
        return
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)
