"""What may stand where a file is expected: devices, pipes, links, folders, and files of a terabyte."""

import os
import socket
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from random import Random
from typing import Final

TERABYTE: Final = 2**40


def _link(target: str) -> Callable[[Path, bytes], None]:
    return lambda path, _: path.symlink_to(target)


def _socket(path: Path, _: bytes) -> None:
    with chdir(path.parent), socket.socket(socket.AF_UNIX) as listener:  # the path has 108 bytes at most
        listener.bind(path.name)


def _sparse(path: Path, good: bytes) -> None:
    """A terabyte of which the beginning is good, and the end for those who look there first."""
    with path.open("wb") as out:
        out.write(good)
        out.truncate(TERABYTE)
        out.seek(TERABYTE - 8)
        out.write(b"\x10\0\0\0PAR1")


def _folder(path: Path, good: bytes) -> None:
    """A folder in which every file is hostile but one."""
    path.mkdir()
    for suffix in ("csv", "json", "yaml", "xml", "txt", "parquet"):
        os.mkfifo(path / f"pipe.{suffix}")
        (path / f"endless.{suffix}").symlink_to("/dev/zero")
        (path / f"gone.{suffix}").symlink_to("nowhere")
        (path / f"loop.{suffix}").symlink_to(f"loop.{suffix}")
        (path / f"folder.{suffix}").mkdir()
    (path / "up").symlink_to("..")
    (path / f"good{path.suffix}").write_bytes(good)


PLACES: Final[tuple[Callable[[Path, bytes], None], ...]] = (
    lambda path, _: os.mkfifo(path),
    _socket,
    _folder,
    _sparse,
    lambda path, _: path.mkdir(),
    lambda path, _: path.touch(),
    *map(
        _link,
        ("/dev/zero", "/dev/urandom", "/dev/full", "/dev/tty", "/dev/stdin", "/proc/kmsg", "/proc/self/mem",
         "/proc/self/environ", "/proc/kcore", "nowhere", ".", "/dev/fd/0", "/sys/kernel/notes"),
    ),
)  # fmt: skip


def put(random: Random, path: Path, good: bytes) -> None:
    """Puts one of them there."""
    random.choice(PLACES)(path, good)
