"""Fetches a list from its address: bounded in size and time, by https, into a file of its own name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx

from app.access import is_loopback
from app.errors import DependencyMissing, InvalidInput

MAX_BYTES: Final = 512 << 20
"""OFAC's longest list is about 120 MiB."""
SECONDS: Final = 600.0
"""Of a whole download."""
SILENT_SECONDS: Final = 30.0
MAX_REDIRECTS: Final = 5


@contextmanager
def downloaded(address: str, *, max_bytes: int = MAX_BYTES, seconds: float = SECONDS) -> Iterator[Path]:
    """The file of a list, as long as the block lasts; its name is the last part of the address.

    Raises:
        InvalidInput: the address is not one of https (of http only on this machine), or what is there is
            larger than `max_bytes`.
        DependencyMissing: it does not answer with a file within `seconds`.
    """
    name = _file_name(address)
    with TemporaryDirectory(prefix="aml-list-") as folder:
        path = Path(folder) / name
        try:
            _fetch(address, path, max_bytes, seconds)
        except (httpx.HTTPError, OSError) as exc:
            raise DependencyMissing(f"{address} cannot be read: {exc or type(exc).__name__}.") from exc
        yield path


def _fetch(address: str, path: Path, max_bytes: int, seconds: float) -> None:
    deadline = monotonic() + seconds
    with httpx.Client(timeout=SILENT_SECONDS) as client:
        for _ in range(MAX_REDIRECTS + 1):
            _require_safe(address)
            with client.stream("GET", address) as answer:
                if answer.next_request is not None:
                    address = str(answer.next_request.url)
                    continue
                answer.raise_for_status()
                _write(answer, path, max_bytes, deadline)
                return
        raise httpx.TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")


def _write(answer: httpx.Response, path: Path, max_bytes: int, deadline: float) -> None:
    size = 0
    with path.open("wb") as file:
        for chunk in answer.iter_bytes():
            size += len(chunk)
            if size > max_bytes:
                raise InvalidInput(f"{answer.url} is larger than {max_bytes >> 20} MiB, so it is no list.")
            if monotonic() > deadline:
                raise httpx.ReadTimeout("it takes too long")
            file.write(chunk)


def _require_safe(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and is_loopback(parts.hostname):
        return
    raise InvalidInput(
        f"{address} is no address of a list: write https://host/file. Over http anybody on the way could"
        " change it; http is for this machine alone."
    )


def _file_name(address: str) -> str:
    _require_safe(address)
    name = PurePosixPath(unquote(urlsplit(address).path)).name.replace("\\", "_")
    return name or "list.txt"
