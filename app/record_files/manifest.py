"""The manifest of a folder of record files: what it holds, and the digests that prove it.

It is written last, in one step, and names whole files alone. A file is never written again under its name, so
that what the manifest before it names stays whole until the next one stands.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.errors import InvalidInput, NotFound

FORMAT: Final = 1
MANIFEST_FILE: Final = "manifest.json"
OWN_FILE: Final = re.compile(r"(\d+-)+\d{8}T\d{12}\.parquet(\.new)?")
"""Names of files that an export writes; no other is ever deleted."""
_MODULUS = 1 << 64
_NAMED_AT_MOST = 20


class PartDigest(NamedTuple):
    """The rows of a part of a table and their digest: two sums, modulo 2^64."""

    rows: int
    high: int
    low: int

    @property
    def text(self) -> str:
        """The digest in hexadecimal."""
        return f"{self.high % _MODULUS:016x}{self.low % _MODULUS:016x}"


@dataclass(frozen=True, slots=True)
class Part:
    """One file: rows of a table, of a chain where it is of transfers, and of a range of blocks or of keys."""

    table: str
    chain: str
    number: int
    first: int
    last: int
    rows: int
    digest: str
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests that the record has for itself: of its transfers, as a run stores it, prices and registry."""

    transfers: int
    record_digest: str
    prices_digest: str | None
    registry_digest: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder holds; `blocks` is how many blocks of each chain are in a file of its transfers."""

    program: str
    made_at: str
    record_id: str
    schema_revision: str
    watermark: int
    as_of: str
    digests: Digests
    blocks: dict[str, int]
    parts: list[Part] = field(default_factory=list)
    format: int = FORMAT

    def rows(self, table: str) -> int:
        """How many rows of a table it names."""
        return sum(part.rows for part in self.parts if part.table == table)

    def of(self, table: str) -> list[Part]:
        """The files of a table, in order."""
        return [part for part in self.parts if part.table == table]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes it in one step: a reader sees the one before or this one."""
    said = asdict(manifest)
    said["sha256"] = _digest(said)
    new = folder / f"{MANIFEST_FILE}.new"
    with new.open("w", encoding="utf-8") as file:
        file.write(json.dumps(said, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / MANIFEST_FILE)
    sync_folder(folder)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder.

    Raises:
        NotFound: it has none.
        InvalidInput: it is not as it was written, or of another version.
    """
    path = folder / MANIFEST_FILE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said.get("format") != FORMAT:
            raise InvalidInput(f"{path} is of another version of aml ({said.get('program')}).")
        written = said.pop("sha256")
        if written != _digest(said):
            raise InvalidInput(f"{path} is not as it was written: its SHA-256 differs.")
        parts = [Part(**part) for part in said.pop("parts")]
        return Manifest(**said | {"digests": Digests(**said["digests"]), "parts": parts})
    except FileNotFoundError as exc:
        raise NotFound(
            f"{folder} holds no record: {MANIFEST_FILE} is missing. Write it with `aml export record`."
        ) from exc
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise InvalidInput(f"{path} is not as it was written: {exc}.") from exc


def check_files(folder: Path, manifest: Manifest, report: Any = None) -> None:  # noqa: ANN401 - Progress or None
    """Reads every file and compares it with the manifest.

    Raises:
        InvalidInput: names the files that are missing or not as they were written.
    """
    total = sum(part.bytes for part in manifest.parts) or 1
    wrong, read = [], 0
    for part in manifest.parts:
        if (fault := _fault(folder / part.file, part)) is not None:
            wrong.append(f"{part.file}: {fault}")
        read += part.bytes
        if report is not None:
            report("checking files", read / total)
    if wrong:
        named = "\n".join(wrong[:_NAMED_AT_MOST])
        more = f"\nand {len(wrong) - _NAMED_AT_MOST} more" if len(wrong) > _NAMED_AT_MOST else ""
        raise InvalidInput(
            f"{len(wrong)} of {len(manifest.parts)} files are not as they were written:\n{named}{more}"
        )


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Makes sure that names of files in a folder outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unnamed_files(folder: Path, manifest: Manifest | None) -> Iterator[Path]:
    """Files of records that the manifest does not name: of an export that was killed, or of one before."""
    named = set() if manifest is None else {folder / part.file for part in manifest.parts}
    for path in folder.rglob("*.parquet*"):
        if path not in named and path.is_file() and OWN_FILE.fullmatch(path.name):
            yield path


def _fault(path: Path, part: Part) -> str | None:
    try:
        size = path.stat().st_size
        if size != part.bytes:
            return f"it has {size:,} bytes, and had {part.bytes:,}"
        return None if file_sha256(path) == part.sha256 else "its SHA-256 differs"
    except OSError as exc:
        return f"it cannot be read ({exc.strerror})"


def _digest(said: dict[str, Any]) -> str:
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
