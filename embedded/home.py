"""A home: one folder that holds one complete instance (data, ports, passwords, logs)."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.errors import AmlError, InvalidInput
from embedded.lock import hold
from embedded.ports import choose, draw, is_free

LOCK_NAME = "aml.lock"
_FILES = ("ports.json", "secrets.json", "supervisor.json", "neo4j.renew")
_ENTRIES = ("postgres", "kafka", "neo4j", "logs", *_FILES)


@dataclass(frozen=True)
class Secrets:
    """Passwords and token, generated for this home alone."""

    postgres: str = field(repr=False)
    neo4j: str = field(repr=False)
    api_token: str = field(repr=False)


@dataclass(frozen=True)
class Home:
    """A home whose lock this process holds; every server started in it inherits `lock_fd`."""

    path: Path
    lock_fd: int

    def folder(self, name: str) -> Path:
        """A private folder of the home, made if needed."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder


@contextmanager
def open_home(path: Path) -> Iterator[Home]:
    """Make the folder if needed, and hold its lock while the block lasts.

    Raises:
        InvalidInput: the folder holds something else, or cannot be written.
        InUse: another process runs the instance.
    """
    path = path.expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_home(path) and any(path.iterdir()):
            raise InvalidInput(f"{path} holds other files: choose a new or empty folder.")
        path.chmod(0o700)
        fd = hold(path / LOCK_NAME)
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be used ({exc}): choose another folder.") from exc
    try:
        yield Home(path, fd)
    finally:
        os.close(fd)


def is_home(path: Path) -> bool:
    """Whether the folder has been started as a home."""
    return (path / LOCK_NAME).is_file()


def wipe(path: Path) -> None:
    """Delete an instance; files that are not its own stay.

    Raises:
        InvalidInput: the folder is no home.
        InUse: the instance is running.
    """
    if not is_home(path):
        raise InvalidInput(f"{path} is not a folder that `aml` made: nothing was deleted.")
    with open_home(path) as home:
        for name in (*_ENTRIES, LOCK_NAME):  # the lock last: an interrupted wipe can be repeated
            entry = home.path / name
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)
        if not any(home.path.iterdir()):
            home.path.rmdir()


def load_secrets(path: Path) -> Secrets:
    """The secrets of a home, generated at the first call.

    Raises:
        AmlError: the file is unreadable, or gone while data that needs it exists.
    """
    file = path / "secrets.json"
    if file.exists():
        try:
            return Secrets(**json.loads(file.read_text()))
        except (ValueError, TypeError) as exc:
            raise AmlError(f"{file} is damaged: restore it, or delete this instance.") from exc
    if (path / "postgres" / "data").exists() or (path / "neo4j" / "data").exists():
        raise AmlError(f"{file} is gone but the data is not: restore it, or delete this instance.")
    fresh = Secrets(secrets.token_urlsafe(18), secrets.token_urlsafe(18), secrets.token_urlsafe(32))
    save_secrets(path, fresh)
    return fresh


def save_secrets(path: Path, values: Secrets) -> None:
    """Replace the secrets of a home."""
    write_json(path / "secrets.json", asdict(values))


def load_ports(path: Path) -> dict[str, int]:
    """The ports of the last run; empty before the first."""
    file = path / "ports.json"
    try:
        ports: dict[str, int] = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as exc:
        raise AmlError(f"{file} is damaged: delete it, and the next start picks new ports.") from exc
    return ports


def claim_ports(home: Home, pins: Mapping[str, int]) -> dict[str, int]:
    """Pick the ports of this run and remember them.

    Raises:
        InUse: a pinned port is taken.
    """
    ports = choose(load_ports(home.path), pins, is_free=is_free, draw=draw)
    write_json(home.path / "ports.json", ports)
    return ports


def write_json(file: Path, content: Mapping[str, object]) -> None:
    """Write the file atomically, readable by its owner alone."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(content, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
