"""Reads a folder of record files into an empty record, and proves that it holds what the manifest says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from app.domain import Progress
from app.errors import InvalidInput, Unequal
from app.record_files.arrow import csv_blocks, require_pyarrow
from app.record_files.manifest import Manifest, check_files, read_manifest
from app.record_files.moment import own_digests, part_digests
from app.record_files.tables import TABLES, FileTable, identities
from app.stores.copy_writer import copy_bytes
from app.stores.locks import Lock, acquire
from app.stores.postgres import Postgres

_CSV = "(FORMAT csv)"
_MUST_BE_EMPTY = (
    *(name for table in TABLES.values() if not table.of_kafka for name in table.targets),
    "scoring_runs",
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The manifest that a record now equals; `left_out` are tables that mean nothing beside its Kafka."""

    manifest: Manifest
    left_out: tuple[str, ...]


def check_record(folder: Path, progress: Progress) -> Manifest:
    """Reads every file of a folder.

    Raises:
        NotFound: it has no manifest.
        InvalidInput: names the files that are not as they were written.
    """
    manifest = read_manifest(folder)
    check_files(folder, manifest, progress)
    return manifest


def import_record(postgres: Postgres, folder: Path, progress: Progress) -> Loaded:
    """Reads all files in one transaction; killed at any point, the record is as empty as before.

    The record keeps its own id. Its graph lacks every batch then, and follows by itself.

    Raises:
        DependencyMissing: pyarrow is not installed.
        NotFound, InvalidInput: as `check_record`; the tables are of another version; the record is not empty.
        Unequal: what was read is not what the manifest says; nothing of it stays.
    """
    require_pyarrow()
    manifest = check_record(folder, progress)
    with _empty_record(postgres, manifest) as connection:
        has_kafka = bool(connection.execute(_HAS_KAFKA).scalar())
        tables = [table for table in TABLES.values() if not (table.of_kafka and has_kafka)]
        for number, table in enumerate(tables):
            progress(f"reading {table.name}", number / len(tables))
            _load(connection, folder, manifest, table)
        _continue_identities(connection)
        for number, table in enumerate(tables):
            progress(f"digesting {table.name}", number / len(tables))
            _compare(connection, manifest, table)
        own = own_digests(connection, manifest.watermark, datetime.fromisoformat(manifest.as_of))
        if own != manifest.digests:
            raise Unequal(f"The record that was read gives {own}, and the manifest says {manifest.digests}.")
    with postgres.transaction() as connection:
        connection.execute(text("ANALYZE"))
    progress("done", 1.0)
    return Loaded(manifest, tuple(table.name for table in TABLES.values() if table not in tables))


@contextmanager
def _empty_record(postgres: Postgres, manifest: Manifest) -> Iterator[Connection]:
    """A transaction in which nobody else writes, of a record without facts."""
    with postgres.transaction() as connection:
        connection.execute(_WAIT)
        acquire(connection, Lock.INGEST)
        connection.execute(text("LOCK TABLE labels, prices, registered_assets IN SHARE ROW EXCLUSIVE MODE"))
        revision = connection.execute(_REVISION).scalar_one()
        if revision != manifest.schema_revision:
            raise InvalidInput(
                f"The files are of tables of revision {manifest.schema_revision} (aml "
                f"{manifest.program}), and this record has revision {revision}. Import "
                "with that version, and upgrade afterwards."
            )
        for table in _MUST_BE_EMPTY:
            # A table of the code's own.
            if connection.execute(text(f"SELECT EXISTS (SELECT FROM {table})")).scalar():  # noqa: S608
                raise InvalidInput(
                    f"This record is not empty: it has {table.replace('_', ' ')}. Import into a new instance."
                )
        yield connection


def _load(connection: Connection, folder: Path, manifest: Manifest, table: FileTable) -> None:
    if table.of_kafka:  # some begin with rows of zeros
        connection.execute(text(f"DELETE FROM {table.name}"))  # noqa: S608 - likewise
    for part in manifest.of(table.name):
        for target in table.targets:
            columns = table.of_target(target)
            names = [column.name for column in columns]
            if target == "flows":  # a row has its transfer's id, which the files hold once
                columns = [next(one for one in table.columns if one.name == "transfer_id"), *columns]
                names = ["transfer_id", *names]
            key = "seq" if target == "flows" else names[0]
            quoted = [f'"{name}"' for name in names]
            copy_bytes(connection, target, quoted, csv_blocks(folder / part.file, columns, key), form=_CSV)


def _compare(connection: Connection, manifest: Manifest, table: FileTable) -> None:
    current = part_digests(connection, table.name, manifest.blocks)
    said = {(part.chain, part.number): part for part in manifest.of(table.name)}
    for key in said.keys() | current.keys():
        part, digest = said.get(key), current.get(key)
        if part is None or digest is None or part.digest != digest.text or part.rows != digest.rows:
            raise Unequal(
                f"What was read of {table.name} {key} is not what the manifest says. Nothing was imported."
            )


def _continue_identities(connection: Connection) -> None:
    for table, column in identities():
        # The code's own names.
        highest = connection.execute(text(f"SELECT max({column}) FROM {table}")).scalar()  # noqa: S608
        if highest is not None:
            parameters = {"table": table, "column": column, "highest": highest}
            connection.execute(_CONTINUE, parameters)
    connection.execute(_CONTINUE_BATCHES)


_WAIT = text("SET LOCAL lock_timeout = '15min'")
_REVISION = text("SELECT version_num FROM alembic_version")
_HAS_KAFKA = text("SELECT EXISTS (SELECT FROM ingestion_state)")
_CONTINUE = text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)")
_CONTINUE_BATCHES = text("SELECT setval('batch_ids', greatest((SELECT max(batch_id) FROM batches), 1))")
