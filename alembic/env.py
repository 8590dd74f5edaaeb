"""Alembic's entry: migrations run on the connection that `app.stores.migrate` hands over.

Each revision is one transaction, unless the caller has begun one for all of them.
"""

from alembic import context
from app.stores.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=False,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
