"""Rows of a binary COPY against the numbers that were packed into them."""

from decimal import Decimal
from fractions import Fraction
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ledger import limbs
from app.ledger.wire_rows import CHUNK_BYTES, DecimalColumnType, Decimals, columns_of
from app.runs.results.compile import call_kernels

COLUMNS: dict[str, DecimalColumnType] = {"id": "int", "share": "float", "amount": "decimal", "usd": "decimal"}
HEADER, TRAILER = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"


def numeric(value: Decimal) -> bytes:
    """A number as numeric_send writes it."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    scale = max(-exponent, 0)
    places = -(-scale // 4)
    units = int("".join(map(str, digits))) * 10 ** (4 * places + exponent)
    groups = []
    while units:
        units, group = divmod(units, 10_000)
        groups.insert(0, group)
    weight = len(groups) - places - 1 if groups else 0
    while groups and groups[-1] == 0:
        groups.pop()
    return pack(f">hhHH{len(groups)}H", len(groups), weight, 0x4000 * sign, scale, *groups)


def field(data: bytes | None) -> bytes:
    return pack(">i", -1) if data is None else pack(">i", len(data)) + data


def sent(rows: list[tuple[int, float, Decimal, Decimal | None]]) -> bytes:
    """The rows as COPY sends them."""
    return (
        HEADER
        + b"".join(
            pack(">h", len(COLUMNS))
            + field(pack(">q", number))
            + field(pack(">d", share))
            + field(numeric(amount))
            + field(None if usd is None else numeric(usd))
            for number, share, amount, usd in rows
        )
        + TRAILER
    )


def exact(column: Decimals) -> list[Fraction]:
    return [
        sum((limb * Fraction(10) ** (8 * (n - column.fraction)) for n, limb in enumerate(row)), Fraction())
        for row in column.limbs.tolist()
    ]


AMOUNTS = st.integers(0, 2**256).map(Decimal)
PRICES = st.decimals(0, 10**12, allow_nan=False, places=2) | st.decimals(0, 10**6, allow_nan=False, places=18)
ROWS = st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(0, 1), AMOUNTS, st.none() | PRICES)


@given(st.lists(ROWS, max_size=20))
@settings(deadline=None)  # the first call compiles
def test_rows_are_read_as_they_were_sent(rows: list[tuple[int, float, Decimal, Decimal | None]]) -> None:
    found = columns_of(sent(rows), COLUMNS)
    assert found["id"].tolist() == [row[0] for row in rows]
    assert found["share"].tolist() == [row[1] for row in rows]
    assert exact(found["amount"]) == [row[2] for row in rows]
    assert exact(found["usd"]) == [Fraction(row[3] or 0) for row in rows]
    usd = found["usd"]
    doubles = limbs.nearest_fractions(usd.limbs.astype("int64"), usd.fraction, usd.scale)
    assert doubles.tolist() == [float(row[3] or 0) for row in rows]


def test_what_is_not_positive_has_no_value() -> None:
    rows = [(1, 0.5, Decimal(7), Decimal("-3.25")), (2, 0.5, Decimal(0), Decimal("0.00"))]
    found = columns_of(sent(rows), COLUMNS)
    assert exact(found["usd"]) == [0, 0]


def test_rows_of_many_chunks_are_joined_whatever_their_digits() -> None:
    rows = [(n, 0.25, Decimal(10) ** (n % 70), Decimal(n) / 8) for n in range(CHUNK_BYTES // 64)]
    found = columns_of(sent(rows), COLUMNS)
    assert found["id"].tolist() == list(range(len(rows)))
    assert exact(found["amount"])[::997] == [row[2] for row in rows[::997]]
    assert exact(found["usd"])[::997] == [row[3] for row in rows[::997]]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": "int", "share": "float"}, "another width"),
        ({"id": "int", "share": "float", "amount": "int", "usd": "decimal"}, "no int of eight bytes"),
    ],
)
def test_other_columns_than_expected_are_refused(columns: dict[str, DecimalColumnType], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        columns_of(sent([(1, 0.5, Decimal(10) ** 30, None)]), columns)


def test_every_kernel_of_reading_and_storing_is_called_by_the_installation() -> None:
    call_kernels()
