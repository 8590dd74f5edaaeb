"""Writes the record into a folder of Parquet files: what has changed since the manifest that is there."""

import fcntl
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, text

from app.domain import Progress
from app.errors import InUse, InvalidInput, NotFound, Unequal
from app.record_files.arrow import PART_COLUMNS, PartFile, read_batches, require_pyarrow
from app.record_files.manifest import (
    MANIFEST_FILE,
    OWN_FILE,
    Manifest,
    Part,
    PartDigest,
    read_manifest,
    unnamed_files,
    write_manifest,
)
from app.record_files.moment import Moment, blocks_of, open_moment, own_digests, part_digests
from app.record_files.tables import KEYS_A_PART, TABLES, TRANSFERS, FileTable, select_parts
from app.stores.copy_reader import copy_csv
from app.stores.postgres import Postgres

LOCK_FILE = ".lock"
PartKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Exported:
    """The manifest of a folder, and how much of it this export wrote."""

    manifest: Manifest
    files_written: int
    rows_written: int
    files_kept: int


def export_record(postgres: Postgres, folder: Path, progress: Progress) -> Exported:
    """Brings a folder to this moment of the record; others go on writing meanwhile.

    A part whose digest is that of its file stays. Killed at any point, the manifest before still holds: its
    files are not touched until the new one stands.

    Raises:
        DependencyMissing: pyarrow is not installed.
        InUse: another export writes into the folder.
        InvalidInput: the folder holds something else, or another record.
    """
    require_pyarrow()
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder), open_moment(postgres) as moment:
        before = _manifest_before(folder, moment)
        for path in list(unnamed_files(folder, before)):
            path.unlink()
        manifest, written = _write(postgres, moment, folder, before, progress)
        write_manifest(folder, manifest)
        for path in list(unnamed_files(folder, manifest)):
            path.unlink()
    progress("done", 1.0)
    rows = sum(part.rows for part in written)
    return Exported(manifest, len(written), rows, len(manifest.parts) - len(written))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise InUse(f"Another export is writing into {folder}. Wait for it to end.") from exc
        yield


def _manifest_before(folder: Path, moment: Moment) -> Manifest | None:
    try:
        before = read_manifest(folder)
    except NotFound:
        strangers = sorted(
            path.name
            for path in folder.rglob("*")
            if path.is_file() and path.name not in _OWN and not OWN_FILE.fullmatch(path.name)
        )
        if strangers:
            raise InvalidInput(f"{folder} holds other files ({strangers[0]}): choose a new folder.") from None
        return None
    if before.record_id != moment.record_id:
        raise InvalidInput(
            f"{folder} holds another record ({before.record_id}; this one is {moment.record_id}): "
            "choose a new folder."
        )
    if before.watermark > moment.watermark:
        raise InvalidInput(
            f"{folder} holds the record up to batch {before.watermark}, and this one ends with "
            f"{moment.watermark}: it was put back. Choose a new folder."
        )
    return before


_OWN = {LOCK_FILE, f"{MANIFEST_FILE}.new"}


def _write(
    postgres: Postgres, moment: Moment, folder: Path, before: Manifest | None, progress: Progress
) -> tuple[Manifest, list[Part]]:
    connection = moment.connection
    same_schema = before is not None and before.schema_revision == moment.schema_revision
    blocks = blocks_of(connection, before.blocks if before is not None else {})
    known = (
        {(part.table, part.chain, part.number): part for part in before.parts}
        if before and same_schema
        else {}
    )
    parts: list[Part] = []
    written: list[Part] = []
    suffix = f"{moment.watermark}-{moment.as_of:%Y%m%dT%H%M%S%f}"
    with _second(postgres, connection) as second, ThreadPoolExecutor(1) as thread:
        digests = thread.submit(own_digests, second, moment.watermark, moment.as_of)
        for number, table in enumerate(TABLES.values()):
            progress(f"digesting {table.name}", number / len(TABLES))
            current = part_digests(connection, table.name, blocks)
            kept = {
                key: part
                for key, one in current.items()
                if (part := known.get((table.name, *key))) is not None and _holds(folder, part, one)
            }
            changed = {key: one for key, one in current.items() if key not in kept}
            progress(f"writing {table.name}", number / len(TABLES))
            new = list(_write_parts(connection, folder, table, blocks, changed, suffix)) if changed else []
            written += new
            parts += sorted([*kept.values(), *new], key=lambda part: (part.chain, part.number))
        progress("digesting the record", 1.0 - 1 / len(TABLES))
        own = digests.result()
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(
        version("aml-risk"),
        made_at,
        moment.record_id,
        moment.schema_revision,
        moment.watermark,
        moment.as_of.isoformat(),
        own,
        blocks,
        parts,
    )
    return manifest, written


def _holds(folder: Path, part: Part, current: PartDigest) -> bool:
    """Whether the file is of these rows, and there."""
    path = folder / part.file
    return part.digest == current.text and path.is_file() and path.stat().st_size == part.bytes


@contextmanager
def _second(postgres: Postgres, connection: Connection) -> Iterator[Connection]:
    """Another transaction of the same snapshot, for another thread."""
    name = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    with postgres.transaction(snapshot=True) as other:
        # The server made the name, and takes no bound parameter here.
        other.execute(text(f"SET TRANSACTION SNAPSHOT '{name}'"))
        yield other


def _write_parts(  # noqa: PLR0917 - what a file is named by
    connection: Connection,
    folder: Path,
    table: FileTable,
    blocks: Mapping[str, int],
    changed: Mapping[PartKey, PartDigest],
    suffix: str,
) -> Iterator[Part]:
    """Writes the parts one behind the other, as they come in order."""
    parameters = {
        "chains": list(blocks),
        "blocks": list(blocks.values()),
        "part_chains": [chain for chain, _ in changed],
        "parts": [number for _, number in changed],
    }

    def copy(sink: BinaryIO) -> None:
        copy_csv(connection, select_parts(table), sink, parameters)

    file: PartFile | None = None
    key: PartKey | None = None
    try:
        for batch in read_batches(table.columns, copy):
            for rows in _runs(batch):
                chain = rows.column(PART_COLUMNS[0])[0].as_py() or ""
                of = (chain, rows.column(PART_COLUMNS[1])[0].as_py())
                if of != key:
                    if file is not None and key is not None:
                        yield _part(table, blocks, key, changed[key], file, suffix)
                    key = of
                    file = PartFile(folder / _name(table, blocks, key, suffix), table.columns)
                assert file is not None  # noqa: S101 - a part has begun
                file.write(rows.select([column.name for column in table.columns]))
        if file is not None and key is not None:
            yield _part(table, blocks, key, changed[key], file, suffix)
    except BaseException:
        if file is not None:
            file.abandon()
        raise


def _runs(batch: Any) -> Iterator[Any]:  # noqa: ANN401 - record batches
    """The rows of a batch, part by part."""
    import numpy as np  # noqa: PLC0415 - with pyarrow

    number = batch.column(PART_COLUMNS[1]).to_numpy()
    chain = (
        batch.column(PART_COLUMNS[0]).dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    )
    ends = np.flatnonzero((np.diff(number) != 0) | (np.diff(chain) != 0)) + 1
    for begin, end in zip([0, *ends.tolist()], [*ends.tolist(), batch.num_rows], strict=True):
        yield batch.slice(begin, end - begin)


def _range(table: FileTable, blocks: Mapping[str, int], key: PartKey) -> tuple[int, int]:
    """The first and the last block or key of a part."""
    width = blocks[key[0]] if table.name == TRANSFERS else KEYS_A_PART
    return key[1] * width, (key[1] + 1) * width - 1


def _name(table: FileTable, blocks: Mapping[str, int], key: PartKey, suffix: str) -> str:
    first, last = _range(table, blocks, key)
    if table.name == TRANSFERS:
        return f"{table.name}/chain={key[0]}/blocks={first:010d}-{last:010d}/{suffix}.parquet"
    return f"{table.name}/{first:012d}-{suffix}.parquet"


def _part(  # noqa: PLR0917 - likewise
    table: FileTable,
    blocks: Mapping[str, int],
    key: PartKey,
    digest: PartDigest,
    file: PartFile,
    suffix: str,
) -> Part:
    size, sha256 = file.close()
    if file.rows != digest.rows:
        raise Unequal(f"{table.name} has {digest.rows} rows in part {key}, and {file.rows} were read.")
    first, last = _range(table, blocks, key)
    return Part(
        table.name, *key, first, last, file.rows, digest.text, _name(table, blocks, key, suffix), size, sha256
    )
