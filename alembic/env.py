"""Alembic's entry: migrations run on the connection that `app.stores.migrate` hands over."""

from alembic import context
from app.stores.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
