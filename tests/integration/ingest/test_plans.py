"""No statement on the way of a transfer reads more than it answers with, in a record of 100 million.

Every SQL statement of `ingest.record` and `ingest.consumer` is a module-level `text(...)`. Each is planned by
a real PostgreSQL with the statistics of such a record, without its parameters' values (GENERIC_PLAN).
"""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import TextClause, text

import ingest.consumer
import ingest.record
from app.stores.postgres import Postgres
from bench.busy_pool import BUSY, FIRST_BLOCK, fill
from tests.support.builders import START, transfer
from tests.support.large_statistics import LARGE, ROWS, restore_large_statistics
from tests.support.record import write
from tests.support.run_story import ALICE, BOB

ALLOWED = {
    "ingest.consumer.reconciler:_DUE": "the largest value of an indexed column: one entry is read",
}
"""Statements that may read a large table from one end, each with its reason."""
LATER = "ingest.record.restatement:_LATER"
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


def statements() -> dict[str, str]:
    """Every module-level statement, by module and name."""
    found = {}
    for package in (ingest.record, ingest.consumer):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for name, value in vars(import_module(module.name)).items():
                if isinstance(value, TextClause):
                    found[f"{module.name}:{name}"] = value.text
    return found


STATEMENTS = statements()
NOT_PLANNED = {"CREATE", "SET", "TRUNCATE"}
PLANNED = {name: sql for name, sql in STATEMENTS.items() if sql.split()[0].upper() not in NOT_PLANNED}


def numbered(sql: str) -> str:
    """The statement with `$1` for its first parameter, and so on."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    return _PARAMETER.sub(number, sql)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def unbounded_reads(plan: dict[str, Any]) -> list[str]:
    """What the plan reads of a large table without a condition on an index."""
    return [
        f"{node['Node Type']} on {node.get('Relation Name') or node.get('Index Name')}"
        for node in nodes(plan)
        if (node.get("Relation Name") in LARGE and node["Node Type"] == "Seq Scan")
        or (node["Node Type"] in {"Index Scan", "Index Only Scan", "Bitmap Index Scan"} and not bounded(node))
    ]


def bounded(node: dict[str, Any]) -> bool:
    return "Index Cond" in node or node.get("Relation Name", "") not in LARGE | {""}


@pytest.fixture
def large(postgres: Postgres) -> Postgres:
    """A record with one row in every table that the statements read, and the statistics of 100 million."""
    write(postgres, [transfer(1, ALICE, BOB, 5)])
    with postgres.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO retractions (chain, transaction_hash, asset, observed_at, batch_id, retracted)"
                " VALUES ('ethereum', '0x1', 'ETH', :start, 1, 0)"
            ),
            {"start": START},
        )
        connection.execute(
            text(
                'INSERT INTO dead_letters (topic, partition, "offset", reason, detail, payload_bytes)'
                " VALUES ('t', 0, 0, 'empty', '', 0)"
            )
        )
        restore_large_statistics(connection)
    return postgres


def plan_of(postgres: Postgres, sql: str, settings: str = "SELECT 1") -> dict[str, Any]:
    with postgres.transaction() as connection:
        connection.execute(text(settings))
        for name, statement in STATEMENTS.items():
            if "CREATE TEMP" in statement:
                connection.execute(text(statement))
            assert name
        driver = connection.connection.driver_connection
        assert driver is not None
        with driver.cursor() as cursor:
            cursor.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT json) {numbered(sql)}")
            plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
    return plan


def test_statements_are_found() -> None:
    assert len(PLANNED) > 20
    assert ALLOWED.keys() <= PLANNED.keys()


def test_the_statistics_are_those_of_a_large_record(large: Postgres) -> None:
    with large.transaction() as connection:
        for table in LARGE:
            assert int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()) > 0  # noqa: S608
    whole = plan_of(large, "SELECT * FROM transactions")
    assert whole["Plan Rows"] == pytest.approx(ROWS["transactions"], rel=0.01)
    assert unbounded_reads(whole) == ["Seq Scan on transactions"]  # the check can fail


def test_no_statement_reads_a_large_table_without_a_bound(large: Postgres) -> None:
    faults = {}
    for name, sql in PLANNED.items():
        if name not in ALLOWED and (reads := unbounded_reads(plan_of(large, sql))):
            faults[name] = reads
    assert faults == {}


def test_a_page_of_a_pool_is_read_in_the_order_of_its_index(large: Postgres) -> None:
    """A sort of all that a pool has would come before the limit, for every page."""
    plan = plan_of(large, STATEMENTS[LATER], STATEMENTS["ingest.record.restatement:_BY_INDEX"])
    limits = [node for node in nodes(plan) if node["Node Type"] == "Limit"]
    assert len(limits) == 2  # one for each side
    for limit in limits:
        (ordered,) = limit["Plans"]
        assert ordered["Node Type"] == "Incremental Sort"
        assert [key.partition(".")[2] for key in ordered["Presorted Key"]] == ["seq"]
        (joined,) = ordered["Plans"]
        assert joined["Node Type"] == "Nested Loop"
        flows, transaction = joined["Plans"]
        assert (flows["Node Type"], flows["Relation Name"]) == ("Index Scan", "flows")
        assert "pool_id = " in flows["Index Cond"]
        assert "seq >= k.seq" in flows["Index Cond"]
        assert transaction["Index Name"] == "pk_transactions"


def test_a_page_of_a_long_pool_reads_no_more_than_it_returns(postgres: Postgres) -> None:
    """Where the statistics know nothing, as of a table that has grown since."""
    fill(postgres, 5_000)
    with postgres.transaction() as connection:
        connection.execute(text(STATEMENTS["ingest.record.restatement:_BY_INDEX"]))
        explained = connection.execute(
            text(f"EXPLAIN (ANALYZE, FORMAT json) {STATEMENTS[LATER]}"),
            {"pools": [BUSY], "seqs": [(FIRST_BLOCK + 3_000) << 32], "hashes": [""], "page_rows": 100},
        ).scalar_one()
    reads = [node for node in nodes(explained[0]["Plan"]) if node.get("Relation Name") == "flows"]
    assert len(reads) == 2
    for read in reads:
        # An incremental sort looks a little ahead.
        assert 100 <= read["Actual Rows"] <= 200
