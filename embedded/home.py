"""A home: one folder that holds one complete instance (data, ports, passwords, logs)."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from app.errors import AmlError, InvalidInput
from embedded.lock import hold
from embedded.ports import choose, draw, is_free

LOCK_NAME = "aml.lock"
PRODUCER_FILES = ("producer.librdkafka.properties", "producer.java.properties")
"""For a producer of one's own: where Kafka is, and its user and password."""
_FILES = ("ports.json", "secrets.json", "supervisor.json", "neo4j.renew", *PRODUCER_FILES)
_ENTRIES = ("postgres", "kafka", "neo4j", "logs", *_FILES)


@dataclass(frozen=True)
class Secrets:
    """Passwords and token, generated for this home alone; empty are those that an instance of before lacks.

    Of Kafka's users `kafka` reads transfers and writes refused messages, `kafka_producer` writes transfers.
    """

    postgres: str = field(repr=False)
    neo4j: str = field(repr=False)
    api_token: str = field(repr=False)
    postgres_admin: str = field(default="", repr=False)
    kafka: str = field(default="", repr=False)
    kafka_producer: str = field(default="", repr=False)
    kafka_admin: str = field(default="", repr=False)
    api_token_before: str = field(default="", repr=False)
    """A token that counts too; empty: none does."""


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
    """The secrets of a home; what is not there yet is generated.

    Raises:
        AmlError: the file is unreadable, or gone while data that needs it exists.
    """
    present = read_secrets(path)
    if present is None:
        if (path / "postgres" / "data").exists() or (path / "neo4j" / "data").exists():
            raise AmlError(
                f"{path / 'secrets.json'} is gone but the data is not: restore it, or delete this instance."
            )
        present = Secrets(secrets.token_urlsafe(18), secrets.token_urlsafe(18), secrets.token_urlsafe(32))
    missing = {
        name: secrets.token_urlsafe(18)
        for name, value in asdict(present).items()
        if not value and name != "api_token_before"
    }
    complete = replace(present, **missing)
    if missing:
        save_secrets(path, complete)
    return complete


def read_secrets(path: Path) -> Secrets | None:
    """The secrets of a home as they are, or None before its first start.

    Raises:
        AmlError: the file is unreadable.
    """
    file = path / "secrets.json"
    try:
        return Secrets(**json.loads(file.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as exc:
        raise AmlError(f"{file} is damaged: restore it, or delete this instance.") from exc


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
    """Write a JSON file atomically, readable by its owner alone."""
    write_private(file, json.dumps(content, indent=1))


def write_private(file: Path, content: str) -> None:
    """Write the file atomically, readable by its owner alone."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
