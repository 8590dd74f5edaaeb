"""The identity of the record, which the graph carries too."""

from uuid import UUID

from sqlalchemy import Connection, text

from app.stores.postgres import Postgres


def record_id(postgres: Postgres) -> str:
    """The identity of the record."""
    with postgres.transaction() as connection:
        return record_identity(connection)


def record_identity(connection: Connection) -> str:
    """The identity of the record, in the view of this transaction."""
    identity: UUID | str = connection.execute(text("SELECT record_id FROM record")).scalar_one()
    return str(identity)
