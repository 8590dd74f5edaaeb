"""The migrations and the models say the same."""

from sqlalchemy import Connection, text

from alembic import command
from app.domain import Retraction
from app.stores.migrate import alembic_config, migrate
from app.stores.postgres import Postgres
from tests.support.builders import START, transfer
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


def files(connection: Connection) -> tuple[int, int]:
    """The files of the tables that every event is written to; a table that is rewritten gets a new one."""
    query = text("SELECT pg_relation_filenode('transactions'), pg_relation_filenode('retractions')")
    transactions, retractions = connection.execute(query).one()
    return transactions, retractions
