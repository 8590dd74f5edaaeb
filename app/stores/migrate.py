"""Brings the record's tables up to date, once, whoever starts first."""

from alembic.config import Config
from sqlalchemy import text

from alembic import command
from app.settings import PROJECT
from app.stores.postgres import Lock, Postgres


def alembic_config() -> Config:
    """Alembic's configuration: where the migrations are; the connection comes from the caller."""
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "alembic").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def migrate(postgres: Postgres) -> None:
    """Upgrades to the newest revision under an advisory lock; nothing happens when it is there already."""
    with postgres.transaction() as connection:
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": Lock.MIGRATION})
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
