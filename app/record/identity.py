"""The identity of the record, which its graph carries too."""

from uuid import UUID

from sqlalchemy import Connection, text


def record_id(connection: Connection) -> str:
    """The identity of the record."""
    identity: UUID | str = connection.execute(text("SELECT record_id FROM record")).scalar_one()
    return str(identity)
