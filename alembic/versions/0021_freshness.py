"""What touched a wallet since a run is read by an index; an idempotency key is of one request.

Three indexes on a large table and one on a small one, built while batches are written.
"""

from alembic import op
from app.stores.online import alter_briefly, build_index, remove_index

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_transactions_sender": "transactions (sender_id, batch_id)",
    "ix_transactions_receiver": "transactions (receiver_id, batch_id)",
    "ix_transactions_retracted": "transactions (retracted_batch_id) WHERE retracted_batch_id IS NOT NULL",
    "ix_absences_returned": "absences (returned_batch_id)",
}


COMMENT = "COMMENT ON COLUMN scoring_runs.request_digest IS 'Of the request with this key.'"


def upgrade() -> None:
    alter_briefly("ALTER TABLE scoring_runs ADD COLUMN IF NOT EXISTS request_digest text")
    op.execute(COMMENT)
    for name, definition in INDEXES.items():
        build_index(name, f"INDEX {{name}} ON {definition}")


def downgrade() -> None:
    for name in INDEXES:
        remove_index(name)
    op.drop_column("scoring_runs", "request_digest")
