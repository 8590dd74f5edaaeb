"""One file over HTTP into the cache: resumed, verified, safe against a second process doing the same."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import BinaryIO

import httpx

from app.errors import DependencyMissing
from embedded.lock import try_lock

_BLOCK_BYTES = 1 << 17
_TRIES = 4
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


class DownloadFailed(DependencyMissing):
    """A file could not be fetched; the message says why and what to do."""


@dataclass(frozen=True)
class Wanted:
    """A file to fetch: path on the server, where to, and what it must be (bytes, SHA-256 in hex)."""

    path: str
    target: Path
    size: int
    sha256: str

    def present(self, *, verify: bool) -> bool:
        """Whether the target is there: by its size, and by its SHA-256 too if asked."""
        if not self.target.is_file() or self.target.stat().st_size != self.size:
            return False
        return not verify or sha256_of(self.target) == self.sha256


def sha256_of(path: Path) -> str:
    """SHA-256 of the file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(
    client: httpx.Client, wanted: Wanted, *, verify: bool, advance: Callable[[int], None], stopped: Event
) -> None:
    """Fetch below the client's base address until the target is complete and verified.

    `advance` is told of bytes as they arrive, a negative count when some are dropped; `stopped` ends it.

    Raises:
        DownloadFailed: no network, no space, no such file, or other content than the lock names.
    """
    why = ""
    for attempt in range(_TRIES):
        if stopped.wait(0.5 * 2**attempt if attempt else 0):
            return
        try:
            if _attempt(client, wanted, verify=verify, advance=advance, stopped=stopped):
                return
            why = "its SHA-256 is not the one in jars.lock.json"
        except httpx.HTTPStatusError as exc:
            why = f"the server answered {exc.response.status_code}"
            if exc.response.status_code not in _RETRIED:
                break
        except httpx.HTTPError as exc:
            why = f"the network gave no answer ({str(exc) or type(exc).__name__})"
        except OSError as exc:
            raise _disk_error(wanted.target, exc) from exc
    raise DownloadFailed(
        f"{client.base_url.join(wanted.path)} could not be fetched: {why}. Check the network, the proxy or "
        "AML_MAVEN_URL (a mirror of Maven Central) and run this again: what has arrived is kept."
    )


def _attempt(
    client: httpx.Client, wanted: Wanted, *, verify: bool, advance: Callable[[int], None], stopped: Event
) -> bool:
    """False when all has arrived and is not what was wanted."""
    with _part_of(wanted, stopped) as part:
        if part is None:
            return True
        if wanted.present(verify=verify):  # another process was faster
            advance(wanted.size)
            Path(part.name).unlink(missing_ok=True)
            return True
        _complete(client, wanted, part, advance, stopped)
        if stopped.is_set():
            return True
        if sha256_of(Path(part.name)) == wanted.sha256:
            Path(part.name).replace(wanted.target)  # atomic: the final name is always a whole file
            return True
        part.truncate(0)
        advance(-wanted.size)
        return False


@contextmanager
def _part_of(wanted: Wanted, stopped: Event) -> Iterator[BinaryIO | None]:
    """The unfinished file, locked against other processes; None when stopped while waiting for it."""
    wanted.target.parent.mkdir(parents=True, exist_ok=True)
    with wanted.target.with_name(wanted.target.name + ".part").open("ab") as part:
        while not try_lock(part.fileno()):
            if stopped.wait(0.1):
                yield None
                return
        yield part


def _complete(
    client: httpx.Client, wanted: Wanted, part: BinaryIO, advance: Callable[[int], None], stopped: Event
) -> None:
    have = os.fstat(part.fileno()).st_size
    if have > wanted.size:
        part.truncate(0)
        have = 0
    if have == wanted.size:
        advance(have)
        return
    with client.stream("GET", wanted.path, headers={"Range": f"bytes={have}-"} if have else {}) as answer:
        answer.raise_for_status()
        if have and answer.status_code != httpx.codes.PARTIAL_CONTENT:
            part.truncate(0)  # the server ignored the range: start over
            have = 0
        advance(have)
        try:
            for block in answer.iter_bytes(_BLOCK_BYTES):
                if stopped.is_set():
                    return
                part.write(block)
                have += len(block)
                advance(len(block))
            part.flush()
        except httpx.HTTPError:
            advance(-have)  # the next attempt counts again what it finds on disk
            raise


def _disk_error(target: Path, exc: OSError) -> DownloadFailed:
    if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DownloadFailed(f"The disk of {target.parent} is full: free some space and run this again.")
    return DownloadFailed(f"{target} cannot be written ({exc}): set AML_CACHE_DIR to a folder that can.")
