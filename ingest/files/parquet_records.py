"""Records of a Parquet file, some thousand at a time; bytes are read as hex."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from app.domain import ByteProgress
from app.errors import DependencyMissing, InvalidInput
from app.input_files import FREE_EXPANSION_BYTES, MAX_EXPANSION, open_input

BATCH_ROWS: Final = 2_000
FREE_VALUES: Final = 1_000_000
VALUES_A_BYTE: Final = 20
"""Values that a file may have for its size, besides the free ones; an export has fewer than one a byte."""
_LEFT_OUT = frozenset(
    ("input", "output", "data", "action_input", "action_init", "result_output", "result_code")
)
"""Columns that no reader needs and that hold most bytes; `data` of a log is not read either."""


def read_parquet(path: Path, progress: ByteProgress | None) -> Iterator[tuple[int, dict[str, object]]]:
    """The records with their numbers from 1; progress is by rows, as parts of the file's bytes.

    Raises:
        DependencyMissing: the extra `parquet` is not installed.
        InvalidInput: no Parquet, or damaged.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise DependencyMissing(
            "Parquet files need the package pyarrow: `pip install 'aml-risk[parquet]'`."
        ) from exc
    size = path.stat().st_size
    with open_input(path) as stream:
        try:
            _check_expansion(path, parquet.ParquetFile(stream).metadata, size)
            # A text that stands in a million rows is kept once: else some kilobytes would become gigabytes.
            texts = [field.name for field in parquet.read_schema(stream) if _is_text(pa, field.type)]
            file = parquet.ParquetFile(stream, read_dictionary=texts)
            columns = [name for name in file.schema_arrow.names if name not in _LEFT_OUT]
            rows, number = max(file.metadata.num_rows, 1), 0
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
                values = [_values(pa, column) for column in batch.columns]
                for row in zip(*values, strict=True):
                    number += 1
                    yield number, dict(zip(batch.schema.names, row, strict=True))
                if progress is not None:
                    progress(min(size, size * number // rows), size)
        except (pa.ArrowException, OSError, ValueError, OverflowError) as exc:
            raise InvalidInput(f"{path} is no Parquet file, or damaged: {exc}.") from exc


def _check_expansion(path: Path, metadata: Any, size: int) -> None:  # noqa: ANN401 - an extra's type
    """Refuses a file that becomes far more than it is, as `read_lines` does one that is packed."""
    chunks = [
        metadata.row_group(group).column(column)
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    ]
    unpacked = sum(chunk.total_uncompressed_size for chunk in chunks)
    values = sum(chunk.num_values for chunk in chunks)
    if unpacked > FREE_EXPANSION_BYTES + MAX_EXPANSION * size or values > FREE_VALUES + VALUES_A_BYTE * size:
        raise InvalidInput(f"{path} unpacks to {unpacked} bytes and {values} values: it is no export.")


def _is_text(pa: Any, kind: Any) -> bool:  # noqa: ANN401 - an extra's types
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _values(pa: Any, column: Any) -> list[object]:  # noqa: ANN401 - an extra's types
    """The values of a column; equal ones of a dictionary are one object."""
    if not pa.types.is_dictionary(column.type):
        return [_plain(each) for each in column.to_pylist()]
    entries = [_plain(each) for each in column.dictionary.to_pylist()]
    return [None if index is None else entries[index] for index in column.indices.to_pylist()]


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return [_plain(each) for each in value] if isinstance(value, list) else value
