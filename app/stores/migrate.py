"""Brings the record's tables up to date, whichever process starts first."""

from alembic.config import Config
from sqlalchemy import text

from alembic import command
from app.settings import PROJECT
from app.stores.locks import Lock, acquire
from app.stores.postgres import Postgres


def alembic_config() -> Config:
    """Alembic's configuration: where the migrations are; the connection comes from the caller."""
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "alembic").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def migrate(postgres: Postgres) -> None:
    """Upgrades to the newest revision, one process at a time; does nothing when it is reached already."""
    with postgres.transaction() as connection:
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        acquire(connection, Lock.MIGRATION)
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
