"""Writes rows into the record by COPY, many times faster than INSERT."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection

_LINES_PER_TEXT = 1_000


def copy_rows(
    connection: Connection, table: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]
) -> None:
    """Writes rows by COPY.

    Args:
        connection: an open transaction.
        table: a table's name from the code, never from input.
        columns: its columns, in the order of each row's values.
        rows: values that are None, bool, int, float, Decimal, str, datetime or lists of those.
    """
    copy_lines(connection, table, columns, ("\t".join(map(_copy_field, row)) for row in rows))


def copy_lines(connection: Connection, table: str, columns: Iterable[str], lines: Iterable[str]) -> None:
    r"""As `copy_rows`, from lines in COPY's text format: fields between tabs, \N for null, no line ends.

    For rows whose fields need no escapes, such as those of transfers: each line is one f-string.
    """
    remaining = iter(lines)
    pages = iter(lambda: list(islice(remaining, _LINES_PER_TEXT)), [])
    copy_texts(connection, table, columns, ("\n".join(page) + "\n" for page in pages))


def copy_texts(connection: Connection, table: str, columns: Iterable[str], texts: Iterable[str]) -> None:
    """As `copy_lines`, from texts of many whole lines; the server reads one text while the next is made."""
    copy_bytes(connection, table, columns, (one.encode() for one in texts))


def copy_bytes(connection: Connection, table: str, columns: Iterable[str], blocks: Iterable[bytes]) -> None:
    """As `copy_texts`, from texts that are encoded."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - a connection in a transaction has its driver's connection
    with driver.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", _Blocks(blocks))


class _Blocks:
    """The file that COPY reads: one whole block at each call, whatever size is asked for."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)

    def read(self, _size: int) -> bytes:
        return next((block for block in self._blocks if block), b"")


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_field(value: Any) -> str:  # noqa: ANN401 - one column of any type
    value_type = type(value)
    if value_type is str:
        return str(value).translate(_ESCAPES)
    if value is None:
        return "\\N"
    if value_type is int:
        return str(value)
    if value_type is list:
        return "{" + ",".join(_array_item(item) for item in value) + "}"
    if value_type is bool:
        return "t" if value else "f"
    if value_type is float:
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _array_item(item: Any) -> str:  # noqa: ANN401 - one element of any type
    if type(item) is str:
        quoted = item.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'.translate(_ESCAPES)
    return _copy_field(item)
