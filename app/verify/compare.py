"""Stored and recomputed lines side by side: the first place where they differ, in words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from app.domain import format_points
from app.ledger.cells import DIRECTION_NAMES, Cell, decode
from app.runs.results.lines import NULL

Fields = Sequence[str]
IsNear = Callable[[Fields, Fields], bool]
"""Whether a stored row that differs from its recomputation is near enough to it."""

NO_ROW = "no row"
_POINTS = {"score", "ownership_score", "source_score", "destination_score"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of results: its columns, the first `keys` of which say which row it is."""

    name: str
    columns: Sequence[str]
    keys: int


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One value of one row; `row` has the key columns by name, `code` names the cell of the value."""

    table: str
    row: dict[str, int]
    column: str
    code: int | None
    stored: str
    recomputed: str


def first_mismatch(
    table: Table, stored: Iterator[str], recomputed: Iterator[str], is_near: IsNear
) -> tuple[Mismatch | None, int]:
    """The first difference of two sorted tables, and how many rows are stored; all stored lines are read."""
    first: Mismatch | None = None
    count = 0
    for before, again in zip_longest(stored, recomputed):
        if before is not None:
            count += 1
        if first is None and before != again:
            first = _mismatch(table, before, again, is_near)
    return first, count


def by_code(codes: str, values: str) -> dict[int, str]:
    """Two parallel arrays, as lines write them, as one mapping; the rest of the longer one is left out."""
    return dict(zip(map(int, items(codes)), items(values), strict=False))


def items(array: str) -> list[str]:
    """The items of an array as lines write it."""
    return array.strip("{}").split(",") if array != "{}" else []


def fields_of(line: str) -> list[str]:
    """The columns of a line."""
    return line.rstrip("\n").split("\t")


def _mismatch(table: Table, before: str | None, again: str | None, is_near: IsNear) -> Mismatch | None:
    stored, recomputed = (None if line is None else fields_of(line) for line in (before, again))
    keys = [tuple(map(int, fields[: table.keys])) for fields in (stored, recomputed) if fields]
    row = dict(zip(table.columns, min(keys), strict=False))
    if len(keys) == 1 or keys[0] != keys[1]:
        has_stored = stored is not None and (recomputed is None or keys[0] < keys[1])
        what = ("a row", NO_ROW) if has_stored else (NO_ROW, "a row")
        return Mismatch(table.name, row, "row", None, *what)
    assert stored is not None  # noqa: S101 - both have a key
    assert recomputed is not None  # noqa: S101 - likewise
    try:
        if is_near(stored, recomputed):
            return None
    except ValueError:  # another hand left arrays of two lengths, a code of no cell, or what is no number
        pass
    column, code, *values = _first_difference(table.columns, stored, recomputed)
    return Mismatch(table.name, row, str(column), code, *map(str, values))


def _first_difference(
    columns: Sequence[str], stored: Fields, recomputed: Fields
) -> tuple[str, int | None, str, str]:
    """Column, code of the cell and both values; plain columns come before the arrays."""
    for column, before, again in zip(columns, stored, recomputed, strict=True):
        if before != again and column not in {"cells", "shares", "points"}:
            return column, None, before, again
    place = columns.index("cells")
    for offset, column in enumerate(columns[place + 1 :], start=1):
        was, now = (by_code(fields[place], fields[place + offset]) for fields in (stored, recomputed))
        for code in sorted(was.keys() | now.keys()):
            if was.get(code) != now.get(code):
                return column, code, was.get(code, "0"), now.get(code, "0")
    return "cells", None, stored[place], recomputed[place]


def described(mismatch: Mismatch, columns: Sequence[str], asset: str | None) -> str:
    """What differs, in words; `columns` are the run's, which name the columns of cells.

    For example `share of mixer at hop 2 in the source of ETH`.
    """
    direction = mismatch.row.get("direction")
    name = mismatch.column.replace("_", " ")
    if mismatch.code is not None:
        cell = _cell(mismatch.code)
        if cell is None:
            return f"{name} of {mismatch.code}, which is no cell"
        direction = cell.direction
        column = columns[cell.column] if cell.column < len(columns) else f"column {cell.column}"
        name = f"{'share' if mismatch.column == 'shares' else 'points'} of {column} at hop {cell.hop}"
    if direction is None:
        return name
    of_asset = f" of {asset}" if asset else ""
    return f"{name} in the {DIRECTION_NAMES[direction]}{of_asset}"


def _cell(code: int) -> Cell | None:
    try:
        return decode(code)
    except ValueError:
        return None


def shown(column: str, value: str) -> str:
    """A value as the interfaces show it: points with six places, nothing as `null`."""
    if value == NULL:
        return "null"
    if column in _POINTS or (column == "points" and value.isdigit()):
        return format_points(int(value))
    return value
