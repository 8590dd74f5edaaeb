"""Alembic's entry: migrations run on the connection that `app.stores.migrate` hands over.

Each revision is one transaction, unless the caller has begun one for all of them.
"""

from alembic import context
from app.stores.models import Base

OF_LIBRARIES = "procrastinate_"
"""Tables of a library, which its own statements make."""


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether Alembic compares this table with the models."""
    return kind != "table" or not (name or "").startswith(OF_LIBRARIES)


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=False,
    transaction_per_migration=True,
    include_name=is_ours,
)
with context.begin_transaction():
    context.run_migrations()
