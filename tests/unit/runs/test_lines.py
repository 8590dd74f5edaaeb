"""Columns and lines of results against the text that Python writes for each value."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.ledger.sparse import starts_of
from app.runs.results.columns import TextColumn, numbers, text_column
from app.runs.results.lines import Lines, join, texts

DOUBLES = st.floats(allow_nan=False, allow_infinity=False)


def read(column: TextColumn) -> list[str]:
    return [
        column.data[one:end].tobytes().decode() for one, end in zip(column.begin, column.end, strict=True)
    ]


@settings(deadline=None)  # the first call compiles
@given(st.lists(DOUBLES | st.floats(0, 1) | st.floats(1e-7, 1e-3)))
@example(
    [1e-4, 9.999e-5, 1e-5, 9.9e-6, 1e-7, 1e-10, 5e-324, 1e15, 1e16, 1e22, 1e100, 0.0, 1.0, -1e-5, -2.5e-7]
)
def test_doubles_are_written_as_python_writes_them(values: list[float]) -> None:
    assert read(numbers(np.array(values, np.float64))) == list(map(repr, values))


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_whole_numbers_are_written_in_digits(values: list[int]) -> None:
    assert read(numbers(np.array(values, np.int64))) == list(map(str, values))


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.lists(st.floats(0, 1), max_size=4)))
def test_rows_of_values_are_joined_by_commas(rows: list[list[float]]) -> None:
    flat = np.array([value for row in rows for value in row], np.float64)
    column = numbers(flat).joined(starts_of(np.array([len(row) for row in rows], np.int64)))
    assert read(column) == [",".join(map(repr, row)) for row in rows]


def test_lines_have_tabs_between_columns_and_braces_around_arrays() -> None:
    names = text_column(["a", "", "\\N"]).take(np.array([2, 0, 1, 0]))
    arrays = numbers(np.array([1, 2, 3])).joined(np.array([0, 2, 2, 3, 3]))
    data, ends = join([names, arrays, text_column(["9"]).repeated(4)], [1])
    lines = Lines(0, np.arange(4), np.zeros(4, np.int32), data, ends)
    assert list(texts([lines])) == ["\\N\t{1,2}\t9\n", "a\t{}\t9\n", "\t{3}\t9\n", "a\t{}\t9\n"]
    assert read(lines.as_column())[3] == "a\t{}\t9"


def test_equal_lines_have_equal_hashes_and_no_others() -> None:
    data, ends = join([text_column(["ab", "ba", "ab", "", "abc"])])
    hashes = Lines(0, np.arange(5), np.zeros(5, np.int32), data, ends).hashes().tolist()
    assert hashes[0] == hashes[2]
    assert len(set(hashes)) == 4


def test_marked_rows_are_replaced() -> None:
    column = numbers(np.array([5, -1, 7])).replaced(np.array([False, True, False]), "\\N")
    assert read(column) == ["5", "\\N", "7"]
