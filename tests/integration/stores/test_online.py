"""Migrations change large tables without stopping who writes and reads them."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from threading import Event, Thread
from time import monotonic

import pytest
from sqlalchemy import text

from alembic import command
from app.runs.results.lines import EXPOSURE_COLUMNS, SCORE_COLUMNS
from app.stores import online
from app.stores.migrate import alembic_config, migrate
from app.stores.postgres import Postgres
from app.verify import earlier
from app.verify.compare import Table
from app.verify.stored_lines import stored_exposure_lines, stored_score_lines
from app.verify.verify import verify_run
from tests.support.builders import transfer
from tests.support.record import ask, change, rows, score, write
from tests.support.run_story import ALICE, BOB, tell_story

WRITE = "UPDATE transactions SET decimals = decimals WHERE amount = 50"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"


EXPOSURES, SCORES = Table("exposures", EXPOSURE_COLUMNS, 3), Table("scores", SCORE_COLUMNS, 1)


@pytest.fixture
def old(postgres: Postgres) -> Postgres:
    """A record of revision 0006, with two runs."""
    tell_story(postgres)
    score(postgres)
    write(postgres, [transfer(60, ALICE, BOB, 5)], offset=5)
    score(postgres)
    # The release before had no flags, sums and coverage: its digests are of lines without them.
    for run_id in (1, 2):
        digest = sha256()
        with postgres.transaction() as connection:
            for table, lines in (
                (EXPOSURES, stored_exposure_lines(connection, run_id)),
                (SCORES, stored_score_lines(connection, run_id)),
            ):
                for line in lines:
                    digest.update(earlier.digested_line(table, line, earlier.ARITHMETIC).encode())
        change(
            postgres,
            "UPDATE scoring_runs SET results_digest = :digest WHERE run_id = :run_id",
            digest=digest.hexdigest(),
            run_id=run_id,
        )
    take_back(postgres, "0006")
    return postgres


def take_back(postgres: Postgres, revision: str) -> None:
    config = alembic_config()
    with postgres.transaction() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def started_migration(postgres: Postgres) -> Thread:
    migration = Thread(target=migrate, args=(postgres,))
    migration.start()
    return migration


@contextmanager
def held(postgres: Postgres, statement: str) -> Iterator[Event]:
    """Runs a statement in a transaction that stays open until the event is set, or the block ends."""
    release, begun = Event(), Event()

    def hold() -> None:
        with postgres.transaction() as connection:
            connection.execute(text(statement))
            begun.set()
            release.wait(60)

    thread = Thread(target=hold)
    thread.start()
    begun.wait(60)
    try:
        yield release
    finally:
        release.set()
        thread.join()


def test_a_record_of_an_earlier_release_is_upgraded_with_its_runs(old: Postgres) -> None:
    stored = "SELECT run_id, count(*) FROM exposures GROUP BY run_id ORDER BY run_id"
    assert rows(old, stored) == [(1, 6), (2, 6)]
    migrate(old)
    # What test_earlier_runs.py is about: the release before computed the last digits in another way.
    change(old, "UPDATE scoring_runs SET arithmetic = 2", rows=2)
    assert rows(old, stored) == [(1, 6), (2, 6)]
    third = score(old)
    write(old, [transfer(61, ALICE, BOB, 6)], offset=6)
    fourth = score(old)
    for run_id in (1, 2, third, fourth):
        assert verify_run(old, run_id, lambda _step, _part: None).differences == []


def test_batches_are_written_while_a_migration_waits_for_a_table(
    old: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online, "LOCK_SECONDS", 0.1)
    waited = []
    # As a verification holds the table for minutes.
    with held(old, "SELECT count(*) FROM transactions") as release:
        migration = started_migration(old)
        for _ in range(5):
            begun = monotonic()
            change(old, WRITE)
            waited.append(monotonic() - begun)
        assert migration.is_alive()
        release.set()
        migration.join(60)
    assert not migration.is_alive()
    assert max(waited) < 5  # it waits behind the migration at most as long as that waits
    assert ask(old, VALID, name="uq_transactions_inclusion")


def test_an_index_that_was_left_invalid_is_built_anew(old: Postgres) -> None:
    duplicate = """
        INSERT INTO risk_scores (run_id, wallet_id, ownership_score, source_score, destination_score, rules,
            weighting, unpriced_transfers, cells, shares, points)
        VALUES (1, 4711, 0, 0, 0, '{}', 'usd', 0, '{}', '{}', '{}')
    """
    change(old, "ALTER TABLE risk_scores DROP CONSTRAINT pk_risk_scores", rows=None)
    change(old, duplicate)
    change(old, duplicate)
    change(old, "ALTER TABLE risk_scores ADD CONSTRAINT pk_risk_scores CHECK (true)", rows=None)
    with pytest.raises(Exception, match="could not create unique index"):
        migrate(old)
    assert not ask(old, VALID, name="pk_risk_scores_once")
    change(old, "DELETE FROM risk_scores WHERE wallet_id = 4711", rows=2)
    migrate(old)
    assert ask(old, VALID, name="pk_risk_scores")


def test_indexes_are_built_while_a_writer_is_at_work(old: Postgres) -> None:
    with held(old, "UPDATE transactions SET decimals = decimals WHERE amount = 100") as release:
        migration = started_migration(old)
        change(old, WRITE)
        assert migration.is_alive()  # it waits for the first writer, and nobody for it
        release.set()
        migration.join(60)
    assert not migration.is_alive()
    assert ask(old, VALID, name="uq_transactions_inclusion")
