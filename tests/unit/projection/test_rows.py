"""The names of rows: one list makes the SELECT, and the queries that take the rows read exactly these."""

import re

import pytest

from app.projection.labels import LABEL_PROPERTIES
from app.projection.rows import TRANSFER_COLUMNS, WALLET_COLUMNS, Page
from cypher import names, query

IN_PLACE_OF_A_PROPERTY = {"transfer_id", "sender_id", "receiver_id"}
IN_PLACE_OF_OCCURRED_AT = {"occurred_at_second", "occurred_at_nanosecond"}


def columns_read(name: str, parameter: str) -> set[str]:
    return set(re.findall(rf"\${parameter}\.([a-z_]+)\[row\]", query(name).text))


def test_a_query_reads_exactly_the_columns_of_its_rows() -> None:
    assert columns_read("write/transfers", "transfers") == TRANSFER_COLUMNS.keys()
    assert columns_read("write/wallets", "wallets") == WALLET_COLUMNS.keys() - {"batch", "may_be_labelled"}
    assert columns_read("cleanup/delete_misplaced_transfers", "transfers") == IN_PLACE_OF_A_PROPERTY
    written = set(re.findall(r"\brow\.([a-z_]+)", query("labels/write").text))
    assert written == {"chain", "address", *LABEL_PROPERTIES}


def test_a_value_of_a_transfer_is_set_under_its_own_name() -> None:
    sets = re.findall(r"\bt\.([a-z_]+) = \$transfers\.([a-z_]+)\[row\]", query("write/transfers").text)
    properties = TRANSFER_COLUMNS.keys() - IN_PLACE_OF_A_PROPERTY - IN_PLACE_OF_OCCURRED_AT
    assert sorted(sets) == sorted((name, name) for name in properties)


def test_labels_are_read_under_the_names_they_are_written_under() -> None:
    assert query("labels/read").returns == ("wallet_id", "chain", "address", *LABEL_PROPERTIES)


@pytest.mark.parametrize("name", names())
def test_no_query_reads_a_value_by_its_position_in_a_row(name: str) -> None:
    assert not re.search(r"\brow\[\d+\]", query(name).text)


def test_a_page_without_rows_has_every_column() -> None:
    assert Page.of(("one", "two"), []) == Page({"one": [], "two": []}, 0)
