"""No statement on the way of a transfer, a page or a status reads more than it answers with.

Every SQL statement of the program is a module-level `text(...)`. A real PostgreSQL plans each with the
statistics of a record of 100 million transfers, without its parameters' values (GENERIC_PLAN).
"""

import pytest
from sqlalchemy import text

import app
import ingest
from app.stores.postgres import Postgres
from tests.support.builders import START, transfer
from tests.support.plans.large_statistics import LARGE, ROWS, restore_large_statistics
from tests.support.plans.sql_plans import can_be_planned, plan_of, statements, unbounded_reads
from tests.support.record import write
from tests.support.run_story import ALICE, BOB

WHOLE_RECORD = {
    "app.runs.digests": "a run and a verification read every transfer",
    "app.runs.snapshot:_TRANSFERS": "a run counts what it reads",
    "app.verify.reaccount": "a verification accounts every transfer again",
    "app.verify.annotation": "likewise",
    "app.record_files.tables": "an export and an import digest every row",
    "app.record_files.moment": "likewise",
    "app.operations.backup:_CONTENT": "a backup reads all of the record, and says how much it is",
    "app.projection.pending:_RESET_ALL": "a rebuild writes every batch again",
}
"""Statements that read a large table from end to end because they answer with all of it."""
NEWEST = {
    "app.runs.queries:_SINCE_RUN": "the newest batch in the graph: behind those that wait for it, few",
    "app.projection.pending:_NEWEST": "likewise",
}
"""Statements that read an index from one end until a condition holds, and how far that is."""
ALLOWED = WHOLE_RECORD | NEWEST
STATEMENTS = statements(app, ingest)
PLANNED = {name: sql for name, sql in STATEMENTS.items() if can_be_planned(sql)}
TEMPORARY = [sql for sql in STATEMENTS.values() if "CREATE TEMP" in sql]


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
        connection.execute(
            text("INSERT INTO absences (transfer_id, returned_batch_id, retracted_batch_id) VALUES (1, 2, 1)")
        )
        connection.execute(text("INSERT INTO duplicates VALUES ('t', 0, 1, 0, '{[0,1)}')"))
        connection.execute(
            text(
                "INSERT INTO screenings (recorded_at, cause, subject, status, flags, answer)"
                " VALUES (:start, 'request', 'wallet', 'complete', '{}', '{}')"
            ),
            {"start": START},
        )
        restore_large_statistics(connection)
    return postgres


def is_allowed(name: str) -> bool:
    return name in ALLOWED or name.partition(":")[0] in ALLOWED


def test_statements_are_found() -> None:
    assert len(PLANNED) > 100
    modules = {name.partition(":")[0] for name in PLANNED}
    assert ALLOWED.keys() <= PLANNED.keys() | modules


def test_the_statistics_are_those_of_a_large_record(large: Postgres) -> None:
    with large.transaction() as connection:
        for table in LARGE:
            assert int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()) > 0  # noqa: S608
    whole = plan_of(large, "SELECT * FROM transactions", [])
    assert whole["Plan Rows"] == pytest.approx(ROWS["transactions"], rel=0.01)
    assert unbounded_reads(whole) == ["Seq Scan on transactions"]  # the check can fail


def test_no_statement_reads_a_large_table_without_a_bound(large: Postgres) -> None:
    faults = {}
    for name, sql in PLANNED.items():
        if not is_allowed(name) and (reads := unbounded_reads(plan_of(large, sql, TEMPORARY))):
            faults[name] = reads
    assert faults == {}


def test_what_may_read_more_does(large: Postgres) -> None:
    """A statement that no longer needs its exception loses it."""
    reading = {name for name, sql in PLANNED.items() if unbounded_reads(plan_of(large, sql, TEMPORARY))}
    modules = {name.partition(":")[0] for name in reading}
    assert ALLOWED.keys() <= reading | modules
