"""What a backup of the record says of itself, so that a restored one can be compared with it."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from app.errors import InvalidInput, Unequal
from app.stores.postgres import Postgres

FORMAT: Final = 1
RECORD_FILE: Final = "record.dump"
MANIFEST_FILE: Final = "backup.json"


@dataclass(frozen=True, slots=True)
class Content:
    """What a record holds: its id and tables' revision, and how much of what arrived."""

    record_id: str
    schema_revision: str
    last_batch: int
    transfers: int
    wallets: int
    runs: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup: of which version and moment, what it holds, and the SHA-256 of its file."""

    format: int
    program: str
    made_at: str
    sha256: str
    content: Content


def write_backup(postgres: Postgres, folder: Path, dump: Callable[[Path, str], None]) -> Manifest:
    """Dumps one moment of the record into the folder; others go on writing.

    Args:
        postgres: the record.
        folder: where the two files are written.
        dump: writes a snapshot of this name into a file.
    """
    file = folder / RECORD_FILE
    with postgres.transaction(snapshot=True) as connection:
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        content = content_of(connection)
        dump(file, snapshot)
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(FORMAT, version("aml-risk"), made_at, _digest(file), content)
    (folder / MANIFEST_FILE).write_text(json.dumps(asdict(manifest), indent=1) + "\n")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself; its file is whole.

    Raises:
        InvalidInput: it is no backup, or not as it was written.
    """
    try:
        said = json.loads((folder / MANIFEST_FILE).read_text())
        manifest = Manifest(**said | {"content": Content(**said["content"])})
        digest = _digest(folder / RECORD_FILE)
    except (OSError, ValueError, TypeError, KeyError) as exc:
        raise InvalidInput(f"{folder} is no backup that `aml backup` made: {exc}.") from exc
    if manifest.format != FORMAT:
        raise InvalidInput(f"{folder} is a backup of another version of aml ({manifest.program}).")
    if digest != manifest.sha256:
        raise InvalidInput(f"{folder / RECORD_FILE} is not as it was written: its SHA-256 is {digest}.")
    return manifest


def check_restored(postgres: Postgres, manifest: Manifest) -> None:
    """Compares a restored record with what its backup says.

    Raises:
        Unequal: it holds something else.
    """
    with postgres.transaction(snapshot=True) as connection:
        content = content_of(connection)
    if content != manifest.content:
        raise Unequal(f"The restored record holds {content}, and its backup says {manifest.content}.")


def content_of(connection: Connection) -> Content:
    """What the record holds in the snapshot of the connection."""
    row = connection.execute(_CONTENT).one()
    return Content(**row._asdict())


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


_CONTENT = text("""
    SELECT (SELECT record_id::text FROM record) AS record_id,
        (SELECT version_num FROM alembic_version) AS schema_revision,
        (SELECT coalesce(max(batch_id), 0) FROM batches) AS last_batch,
        (SELECT count(*) FROM transactions) AS transfers,
        (SELECT count(*) FROM wallets) AS wallets,
        (SELECT count(*) FROM scoring_runs) AS runs
""")
