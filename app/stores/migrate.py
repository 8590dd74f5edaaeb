"""Brings the record's tables up to date, whichever process starts first."""

from alembic.config import Config
from sqlalchemy import text

from alembic import command
from app.settings import PROJECT
from app.stores.limits import Work
from app.stores.locks import Lock, acquire
from app.stores.postgres import Postgres


def alembic_config() -> Config:
    """Alembic's configuration: where the migrations are; the connection comes from the caller."""
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "alembic").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def migrate(postgres: Postgres) -> None:
    """Upgrades to the newest revision, one process at a time; does nothing when it is reached already.

    Each revision is a transaction of its own, and leaves it for what a transaction would stop others by
    (`app.stores.online`). So the lock has one to itself, which holds no table and no snapshot.
    """
    migrating = postgres.during(Work.MIGRATION)
    with migrating.transaction() as alone:
        alone.execute(text("SET LOCAL lock_timeout = 0"))
        acquire(alone, Lock.MIGRATION)
        with migrating.migrations() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            config.attributes["online"] = True
            command.upgrade(config, "head")
