"""Whether the disks of the servers have free space left, as far as this process can see their folders."""

import os
import shutil
from typing import NamedTuple

from pydantic import Field

from app.answers.base import Answer
from app.settings import Settings

MEGABYTE = 1 << 20


class DiskAlarm(Answer):
    """Too little space is free: ingestion pauses before a store is damaged. It names no folder."""

    free_bytes: int = Field(description="On the fullest disk of the servers.", examples=[400 * MEGABYTE])
    needed_bytes: int = Field(description="`AML_MIN_FREE_DISK_MB`.", examples=[512 * MEGABYTE])
    text: str = Field(description="What to do.")


class FreeSpace(NamedTuple):
    """A folder of a server, and the bytes that are free on its disk."""

    folder: str
    free_bytes: int


def fullest_disk(settings: Settings) -> FreeSpace | None:
    """The folder with the least free space; None where this process sees none."""
    spaces = []
    for folder in filter(None, settings.data_folders.split(os.pathsep)):
        try:
            spaces.append(FreeSpace(folder, shutil.disk_usage(folder).free))
        except OSError:  # not made yet, or closed to this user
            continue
    return min(spaces, key=lambda space: space.free_bytes, default=None)


def disk_alarm(settings: Settings) -> DiskAlarm | None:
    """The alarm, or None while enough is free or nothing is known."""
    needed = settings.min_free_disk_mb * MEGABYTE
    space = fullest_disk(settings)
    if space is None or space.free_bytes >= needed:
        return None
    return DiskAlarm(
        free_bytes=space.free_bytes,
        needed_bytes=needed,
        text=f"{space.free_bytes // MEGABYTE} MiB are free on a disk of the servers: ingestion pauses below "
        f"{settings.min_free_disk_mb} MiB (AML_MIN_FREE_DISK_MB). Nothing is lost; it goes on by itself "
        "when there is space.",
    )
