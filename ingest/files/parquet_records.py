"""Records of a Parquet file, some thousand at a time; bytes are read as hex."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.domain import ByteProgress
from app.errors import DependencyMissing, InvalidInput
from app.input_files import open_input

BATCH_ROWS: Final = 2_000
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
            file = parquet.ParquetFile(stream)
            columns = [name for name in file.schema_arrow.names if name not in _LEFT_OUT]
            rows, number = max(file.metadata.num_rows, 1), 0
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
                for record in batch.to_pylist():
                    number += 1
                    yield number, {name: _plain(value) for name, value in record.items()}
                if progress is not None:
                    progress(min(size, size * number // rows), size)
        except (pa.ArrowException, OSError, ValueError, OverflowError) as exc:
            raise InvalidInput(f"{path} is no Parquet file, or damaged: {exc}.") from exc


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return [_plain(each) for each in value] if isinstance(value, list) else value
