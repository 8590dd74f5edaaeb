"""Between COPY's CSV and Parquet files: the types of columns, and batches of rows in bounded memory.

Numbers without a bound, arrays and JSON stay the text that PostgreSQL writes; null is no text.
"""

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from app.errors import DependencyMissing
from app.record_files.manifest import file_sha256, sync_folder
from app.record_files.tables import FileColumn

ROWS_A_GROUP = 131_072
_BLOCK_BYTES = 8 * 1024 * 1024
PART_COLUMNS = ("of_chain_part", "part_number")


def require_pyarrow() -> Any:  # noqa: ANN401 - the package has no types
    """The package that reads and writes Parquet.

    Raises:
        DependencyMissing: it is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import csv, parquet  # noqa: F401, PLC0415 - makes `pa.csv` and `pa.parquet`
    except ImportError as exc:
        raise DependencyMissing(
            "Parquet files need the package pyarrow: `pip install 'aml-risk[parquet]'`."
        ) from exc
    return pa


def read_batches(columns: tuple[FileColumn, ...], copy: Callable[[BinaryIO], None]) -> Iterator[Any]:
    """Record batches of what `copy` writes as CSV: the part of each row, then these columns.

    `copy` runs in a thread of its own; at most a few megabytes are between it and the reader.
    """
    pa = require_pyarrow()
    types = {PART_COLUMNS[0]: pa.string(), PART_COLUMNS[1]: pa.int64()}
    types |= {column.name: _csv_type(pa, column.kind) for column in columns}
    with _piped(copy) as source:
        reader = pa.csv.open_csv(
            source,
            pa.csv.ReadOptions(column_names=list(types), block_size=_BLOCK_BYTES, use_threads=False),
            pa.csv.ParseOptions(newlines_in_values=True),
            pa.csv.ConvertOptions(
                column_types=types,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )
        yield from reader


@contextmanager
def _piped(copy: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """What is read from here is what `copy` writes; its error is raised here."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as sink:
            copy(sink)

    with ThreadPoolExecutor(1) as thread:
        source = os.fdopen(reading, "rb")
        written = thread.submit(write)
        try:
            yield source
        except BaseException:
            source.close()  # else the writer waits for a reader for ever
            if (cause := written.exception()) is not None and not isinstance(cause, BrokenPipeError):
                raise cause from None
            raise
        source.close()
        written.result()


class PartFile:
    """A Parquet file while it is written; `close` makes it whole and gives it its name."""

    def __init__(self, path: Path, columns: tuple[FileColumn, ...]) -> None:
        pa = require_pyarrow()
        self._path, self._new = path, path.with_name(f"{path.name}.new")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._schema = pa.schema([(column.name, _file_type(pa, column.kind)) for column in columns])
        self._file = self._new.open("wb")
        self._writer = pa.parquet.ParquetWriter(self._file, self._schema, compression="zstd")
        self._waiting: list[Any] = []
        self.rows = 0

    def write(self, batch: Any) -> None:  # noqa: ANN401 - a record batch
        """Adds rows; whole row groups are written."""
        self._waiting.append(batch)
        self.rows += batch.num_rows
        if sum(one.num_rows for one in self._waiting) >= ROWS_A_GROUP:
            self._flush()

    def close(self) -> tuple[int, str]:
        """Ends the file; returns its bytes and SHA-256."""
        self._flush()
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._new.replace(self._path)
        sync_folder(self._path.parent)
        return self._path.stat().st_size, file_sha256(self._path)

    def abandon(self) -> None:
        """Leaves what is written, under a name that no manifest has."""
        self._file.close()

    def _flush(self) -> None:
        if self._waiting:
            pa = require_pyarrow()
            table = pa.Table.from_batches(self._waiting)
            self._writer.write_table(table.cast(self._schema), row_group_size=ROWS_A_GROUP)
            self._waiting = []


def csv_blocks(path: Path, columns: list[FileColumn], key: str) -> Iterator[bytes]:
    """These columns of a file as CSV for COPY, some rows at a time; rows whose `key` is null are left out."""
    pa = require_pyarrow()
    names = [column.name for column in columns]
    file = pa.parquet.ParquetFile(path)
    for batch in file.iter_batches(ROWS_A_GROUP, columns=names):
        rows = batch.filter(batch.column(key).is_valid())
        sink = io.BytesIO()
        pa.csv.write_csv(rows.select(names), sink, pa.csv.WriteOptions(include_header=False))
        yield sink.getvalue()


def _csv_type(pa: Any, kind: str) -> Any:  # noqa: ANN401 - the package has no types
    if kind == "timestamp":  # microseconds since 1970
        return pa.int64()
    return pa.string() if kind == "text" else _file_type(pa, kind)


def _file_type(pa: Any, kind: str) -> Any:  # noqa: ANN401 - likewise
    return {
        "int64": pa.int64(),
        "int32": pa.int32(),
        "int16": pa.int16(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "timestamp": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
        "text": pa.string(),
    }[kind]
