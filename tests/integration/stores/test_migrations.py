"""The migrations and the models say the same."""

from alembic import command
from app.stores.migrate import alembic_config, migrate
from app.stores.postgres import Postgres


def test_migrations_make_exactly_the_tables_of_the_models(postgres: Postgres) -> None:
    config = alembic_config()
    with postgres.transaction() as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_migrating_again_changes_nothing(postgres: Postgres) -> None:
    migrate(postgres)
    migrate(postgres)
