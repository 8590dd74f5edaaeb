"""A database as one file, by PostgreSQL's own programs from the wheel; any server up to their version."""

import os
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from app.errors import DependencyMissing, DiskFull
from embedded.os_user import postgres_binaries

DUMP_SECONDS: Final = 6 * 3600.0


def dump(url: str, target: Path, *, snapshot: str | None = None) -> None:
    """Writes the database into a new file, while others write into it.

    Args:
        url: of the database, with its password.
        target: the file.
        snapshot: of an open transaction (`pg_export_snapshot`), whose moment is dumped.

    Raises:
        DependencyMissing: the programs are absent, or the server does not answer.
        DiskFull: the file does not fit.
    """
    moment = [] if snapshot is None else [f"--snapshot={snapshot}"]
    _run("pg_dump", url, ["--format=custom", *moment, f"--file={target}"])


def load(url: str, source: Path) -> None:
    """Fills an empty database from such a file, in one transaction.

    Raises: as `dump`.
    """
    database = urlsplit(url).path.lstrip("/")
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    _run("pg_restore", url, [*arguments, f"--dbname={database}", str(source)])


def _run(program: str, url: str, arguments: list[str]) -> None:
    """Neither the command line nor the environment of others shows the password."""
    split = urlsplit(url)
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "PGHOST": split.hostname or "",
        "PGPORT": str(split.port or 5432),
        "PGUSER": unquote(split.username or ""),
        "PGPASSWORD": unquote(split.password or ""),
        "PGDATABASE": unquote(split.path.lstrip("/")),
        "PGCONNECT_TIMEOUT": "10",
    }
    if libraries := os.environ.get("LD_LIBRARY_PATH"):
        environment["LD_LIBRARY_PATH"] = libraries
    command = [str(postgres_binaries(None) / program), "--no-password", *arguments]
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=DUMP_SECONDS)
    except subprocess.CalledProcessError as exc:
        said = exc.stderr.decode(errors="replace").strip()
        error = DiskFull if "No space left" in said else DependencyMissing
        raise error(f"{program} failed: {said[-1_000:]}") from exc
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise DependencyMissing(f"{program} could not do its work: {exc}") from exc
