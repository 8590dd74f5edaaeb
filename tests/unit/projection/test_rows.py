"""The names of rows: one list makes the SELECT, and the queries that take the rows read exactly these."""

import re

import pytest

from app.projection.labels import LABEL_PROPERTIES
from app.projection.rows import TRANSFER_COLUMNS, WALLET_COLUMNS
from cypher import query

WITHOUT_PROPERTY = {"sender_id", "receiver_id", "occurred_at_second", "occurred_at_microsecond"}


def names_of_rows(name: str) -> set[str]:
    return set(re.findall(r"\brow\.([a-z_]+)", query(name).text))


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("write/transfers", TRANSFER_COLUMNS.keys()),
        ("write/wallets", WALLET_COLUMNS.keys() - {"may_be_labelled"}),
        ("labels/write", {"chain", "address", *LABEL_PROPERTIES}),
    ],
)
def test_a_query_reads_exactly_the_columns_of_its_rows(name: str, columns: set[str]) -> None:
    assert names_of_rows(name) == columns


def test_a_query_that_deletes_reads_only_columns_that_rows_have() -> None:
    assert names_of_rows("cleanup/delete_misplaced_transfers") < TRANSFER_COLUMNS.keys()


def test_a_value_of_a_transfer_is_set_under_its_own_name() -> None:
    sets = dict(re.findall(r"\bt\.([a-z_]+) = row\.([a-z_]+)", query("write/transfers").text))
    assert sets == {name: name for name in TRANSFER_COLUMNS.keys() - WITHOUT_PROPERTY - {"transfer_id"}}


def test_labels_are_read_under_the_names_they_are_written_under() -> None:
    assert query("labels/read").returns == ("wallet_id", "chain", "address", *LABEL_PROPERTIES)


def test_no_query_reads_a_row_by_position() -> None:
    for name in ("write/transfers", "write/wallets", "labels/write", "cleanup/delete_misplaced_transfers"):
        assert not re.search(r"\brow\[\d", query(name).text), name
