"""Values reach PostgreSQL as they are, by COPY and as arrays."""

from datetime import UTC, datetime

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.stores.arrays import array_of_integers, array_of_texts
from app.stores.copy_writer import copy_plain_rows, copy_rows
from app.stores.postgres import Postgres

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
TRICKY = st.sampled_from(
    ["null", "", "\\", '"', '\\"', "a,b", "{}", "\\N", "\\.", "],[", "'", "é", "\u202ex"]
)
LARGE = st.integers(0, 2**256 - 1)
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | LARGE,
        st.none() | st.booleans(),
        st.none() | st.datetimes(datetime(2009, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds of times in UTC
        st.none() | PLAIN_TEXT | TRICKY,
    ),
    max_size=20,
)
COLUMNS = ("i", "f", "n", "b", "t", "s")
CREATE = text(
    "CREATE TEMP TABLE written (i bigint, f double precision, n numeric, b boolean, t timestamptz, s text)"
    " ON COMMIT DROP"
)
READ = text("SELECT i, f, n, b, t, s FROM written ORDER BY ctid")


@MANY
@given(rows=ROWS)
def test_both_ways_of_copying_write_the_same(postgres: Postgres, rows: list[tuple[object, ...]]) -> None:
    with postgres.transaction() as connection:
        connection.execute(CREATE)
        copy_rows(connection, "written", COLUMNS, rows)
        slow = [tuple(row) for row in connection.execute(READ)]
    with postgres.transaction() as connection:
        connection.execute(CREATE)
        plain = [(i, f, n if n is None else str(n), b, t, s) for i, f, n, b, t, s in rows]
        copy_plain_rows(connection, "written", COLUMNS, plain)
        fast = [tuple(row) for row in connection.execute(READ)]
    assert slow == rows
    assert fast == rows


@MANY
@given(texts=st.lists(ANY_TEXT | TRICKY, max_size=10), numbers=st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_an_array_holds_what_it_is_made_of(postgres: Postgres, texts: list[str], numbers: list[int]) -> None:
    arrays = {"texts": array_of_texts(texts), "numbers": array_of_integers(numbers)}
    with postgres.transaction() as connection:
        row = connection.execute(text("SELECT :texts ::text[], :numbers ::bigint[]"), arrays).one()
    assert list(row) == [texts, numbers]


def test_what_no_plain_row_holds_is_refused(postgres: Postgres) -> None:
    with postgres.transaction() as connection:
        connection.execute(CREATE)
        with pytest.raises(psycopg2.Error, match="64-bit"):
            copy_plain_rows(connection, "written", ("n",), [(2**64,)])
