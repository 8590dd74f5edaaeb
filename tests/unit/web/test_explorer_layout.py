"""Places of the explorer: columns by hop, nearest rows first, nothing twice and nothing moved."""

from hypothesis import given
from hypothesis import strategies as st

from app.explorer.layout import Position, free_places

CELLS = st.builds(Position, column=st.integers(-3, 3), row=st.integers(-20, 20))


def at(column: int, row: int) -> Position:
    return Position(column=column, row=row)


def test_neighbours_stand_in_the_next_column_around_the_row_of_the_wallet() -> None:
    assert list(free_places(at(0, 0), -1, [], 4)) == [at(-1, 0), at(-1, 1), at(-1, -1), at(-1, 2)]
    assert list(free_places(at(2, 5), 1, [], 2)) == [at(3, 5), at(3, 6)]


def test_what_is_taken_is_left_alone() -> None:
    assert list(free_places(at(0, 0), 1, [at(1, 0), at(1, -1), at(-1, 1)], 2)) == [at(1, 1), at(1, 2)]


@given(CELLS, st.sampled_from([-1, 1]), st.lists(CELLS), st.integers(0, 30))
def test_new_places_are_free_and_different_and_do_not_depend_on_order(
    origin: Position, step: int, occupied: list[Position], count: int
) -> None:
    found = free_places(origin, step, occupied, count)
    assert len(set(found)) == len(found) == count
    assert not set(found) & set(occupied)
    assert {place.column for place in found} <= {origin.column + step}
    assert list(found) == list(free_places(origin, step, occupied[::-1], count))
