"""The migrations and the models say the same."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text

from alembic import command
from app.domain import Retraction, Transfer
from app.stores.migrate import alembic_config, migrate
from app.stores.postgres import Postgres
from tests.support.builders import START, retraction, transfer
from tests.support.record import write
from tests.support.run_story import ALICE, BOB

HASH = f"0x{9:064x}"


def test_migrations_make_exactly_the_tables_of_the_models(postgres: Postgres) -> None:
    config = alembic_config()
    with postgres.transaction() as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_migrating_again_changes_nothing(postgres: Postgres) -> None:
    migrate(postgres)
    migrate(postgres)


def test_the_optional_fields_of_the_event_come_without_rewriting_what_is_recorded(postgres: Postgres) -> None:
    write(postgres, [transfer(10, ALICE, BOB, 5), Retraction("ethereum", HASH, "ETH", None, START)])
    config = alembic_config()
    with postgres.transaction() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")
        before = files(connection)
        command.upgrade(config, "head")
        assert files(connection) == before
        query = text("SELECT amount, block_hash, observed_at, initiator, kind, sender_tag FROM transactions")
        assert connection.execute(query).one() == (5, None, None, None, None, None)
        command.check(config)


def test_what_was_retracted_before_inclusions_stays_so_and_its_successor_lives(postgres: Postgres) -> None:
    told = transfer(9, ALICE, BOB, 5)
    write(postgres, [told, Retraction("ethereum", HASH, "ETH", None, START), transfer(10, ALICE, BOB, 7)])
    config = alembic_config()
    with postgres.transaction() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0008")
        connection.execute(  # until 0009 another content could follow a retraction, in the same block
            text("""
                INSERT INTO transactions (chain, transaction_hash, transfer_index, block_number,
                    transaction_index, occurred_at, sender_id, receiver_id, asset_id, amount, batch_id)
                SELECT chain, transaction_hash, transfer_index, block_number, transaction_index, occurred_at,
                    sender_id, receiver_id, asset_id, 6, batch_id FROM transactions WHERE amount = 5
            """)
        )
        before = files(connection)
        command.upgrade(config, "head")
        assert files(connection) == before
        command.check(config)
        query = text("""
            SELECT amount::int, retracted_batch_id IS NULL, is_withdrawn, withdrawn_at, is_superseded
            FROM transactions ORDER BY amount
        """)
        rows = [tuple(row) for row in connection.execute(query)]
    assert rows == [
        (5, False, True, START, True),
        (6, True, None, None, None),
        (7, True, None, None, None),
    ]
    write(
        postgres, [told, Retraction("ethereum", HASH, "ETH", None, START)], offset=3
    )  # both say nothing new
    with postgres.transaction() as connection:
        assert [row[1] for row in connection.execute(query)] == [False, True, True]


def test_what_waits_and_the_last_absence_are_known_after_the_upgrade(postgres: Postgres) -> None:
    def mined(n: int, block: int, second: int) -> Transfer:
        seen = START + timedelta(seconds=second)
        return transfer(n, ALICE, BOB, 5, block_number=block, block_hash=f"0x{block:064x}", observed_at=seen)

    write(postgres, [mined(n, block, block) for n in (1, 2, 3) for block in (10, 11)])
    gone = [replace(retraction(mined(n, 11, 11)), block_hash=f"0x{11:064x}") for n in (1, 2)]
    write(postgres, [replace(each, observed_at=START + timedelta(seconds=20)) for each in gone], offset=10)
    write(postgres, [mined(1, 11, 30)], offset=20)
    with postgres.transaction() as connection:

        def known() -> list[list[tuple[Any, ...]]]:
            queries = (
                "SELECT transfer_id, retracted_batch_id, coalesce(is_waiting, false) FROM transactions",
                "SELECT transfer_id, returned_batch_id, retracted_batch_id FROM absences",
            )
            return [sorted(tuple(row) for row in connection.execute(text(query))) for query in queries]

        before = known()
        assert sum(row[2] for row in before[0]) == 2
        assert len(before[1]) == 3
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0009")
        command.upgrade(config, "head")
        assert known() == before


def files(connection: Connection) -> tuple[int, int]:
    """The files of the tables that every event is written to; a table that is rewritten gets a new one."""
    query = text("SELECT pg_relation_filenode('transactions'), pg_relation_filenode('retractions')")
    transactions, retractions = connection.execute(query).one()
    return transactions, retractions
