"""One file over HTTP into the cache: resumed where it stopped, retried by stamina, verified by its hash."""

import errno
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import httpx
import stamina

from app.errors import DependencyMissing

_BLOCK_BYTES = 1 << 17
_ATTEMPTS = 4
_RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class DownloadFailed(DependencyMissing):
    """A file could not be fetched; the message says why and what to do."""


class _WrongContent(Exception):
    """All bytes have arrived, and they are not those of the lock."""


@dataclass(frozen=True)
class LockedFile:
    """A file to fetch: its path on the server, its place on disk, its size in bytes, its SHA-256 in hex."""

    path: str
    target: Path
    size: int
    sha256: str

    def is_present(self, *, verify: bool) -> bool:
        """Whether the target has the right size and, with `verify`, the right SHA-256."""
        if not self.target.is_file() or self.target.stat().st_size != self.size:
            return False
        return not verify or sha256_of(self.target) == self.sha256


def sha256_of(path: Path) -> str:
    """SHA-256 of the file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(client: httpx.Client, file: LockedFile, arrived: Callable[[int], None], stopped: Event) -> None:
    """Fetch a file below the client's base address until it is complete and verified.

    One process at a time: the caller holds the cache's lock. A part that has arrived is kept and continued,
    also by a later process. `arrived` is called with the bytes there are; `stopped` ends the work early.

    Raises:
        DownloadFailed: no network, no space, no such file, or other content than the lock says.
    """
    retries = stamina.retry_context(
        on=lambda exc: not stopped.is_set() and _is_temporary(exc),
        attempts=_ATTEMPTS,
        timeout=None,
        wait_initial=0.5,
        wait_max=2.0,
    )
    try:
        for attempt in retries:
            with attempt:
                _fetch_once(client, file, arrived, stopped)
    except (httpx.HTTPError, _WrongContent) as exc:
        raise DownloadFailed(
            f"{client.base_url.join(file.path)} could not be fetched: {_reason(exc)}. Check the network, the "
            "proxy or AML_MAVEN_URL (a mirror of Maven Central) and run this again: what has arrived is kept."
        ) from exc
    except OSError as exc:
        raise _disk_error(file.target, exc) from exc


def _is_temporary(exc: Exception) -> bool:
    if isinstance(exc, httpx.HTTPStatusError):
        return exc.response.status_code in _RETRIED_STATUSES
    return isinstance(exc, httpx.HTTPError | _WrongContent)


def _reason(exc: Exception) -> str:
    if isinstance(exc, httpx.HTTPStatusError):
        return f"the server answered {exc.response.status_code}"
    if isinstance(exc, _WrongContent):
        return "its SHA-256 is not the one in jars.lock.json"
    return f"the network gave no answer ({str(exc) or type(exc).__name__})"


def _fetch_once(
    client: httpx.Client, file: LockedFile, arrived: Callable[[int], None], stopped: Event
) -> None:
    file.target.parent.mkdir(parents=True, exist_ok=True)
    part = file.target.with_name(file.target.name + ".part")
    if part.exists() and part.stat().st_size > file.size:
        part.unlink()
    part.touch()
    if part.stat().st_size < file.size:
        _append(client, file.path, part, arrived, stopped)
    if stopped.is_set():
        return
    if sha256_of(part) != file.sha256:
        part.unlink()
        raise _WrongContent
    part.replace(file.target)  # atomic: the final name is always a whole file
    arrived(file.size)


def _append(
    client: httpx.Client, path: str, part: Path, arrived: Callable[[int], None], stopped: Event
) -> None:
    """Downloads what the part lacks; from the start where the server ignores ranges."""
    size = part.stat().st_size
    with client.stream("GET", path, headers={"Range": f"bytes={size}-"} if size else {}) as response:
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        with part.open("ab" if resumed else "wb") as out:
            for block in response.iter_bytes(_BLOCK_BYTES):
                if stopped.is_set():
                    return
                arrived(out.tell() + out.write(block))


def _disk_error(target: Path, exc: OSError) -> DownloadFailed:
    if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DownloadFailed(f"The disk of {target.parent} is full: free some space and run this again.")
    return DownloadFailed(f"{target} cannot be written ({exc}): set AML_CACHE_DIR to a writable folder.")
