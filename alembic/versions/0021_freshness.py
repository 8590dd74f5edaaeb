"""What touched a wallet since a run is known by its pools; an idempotency key is of one request.

A column without a rewrite: pools of before count as changed by the newest batch there is, which can only make
them be looked at. Four indexes of few rows each, built while batches are written.
"""

from sqlalchemy import text

from alembic import op
from app.stores.online import alter_briefly, build_index, remove_index

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

NO_FLOW = "amount = 0 OR sender_id = receiver_id"
INDEXES = {
    "ix_transactions_sender_without_flow": f"transactions (sender_id, batch_id) WHERE {NO_FLOW}",
    "ix_transactions_receiver_without_flow": f"transactions (receiver_id, batch_id) WHERE {NO_FLOW}",
    "ix_transactions_retracted": "transactions (retracted_batch_id) WHERE retracted_batch_id IS NOT NULL",
    "ix_absences_returned": "absences (returned_batch_id)",
}


COMMENT = "COMMENT ON COLUMN scoring_runs.request_digest IS 'Of the request with this key.'"


def upgrade() -> None:
    alter_briefly("ALTER TABLE scoring_runs ADD COLUMN IF NOT EXISTS request_digest text")
    op.execute(COMMENT)
    newest = op.get_bind().execute(text("SELECT coalesce(max(batch_id), 0) FROM batches")).scalar_one()
    alter_briefly(
        f"ALTER TABLE pools ADD COLUMN IF NOT EXISTS last_batch_id bigint NOT NULL DEFAULT {newest}"
    )
    alter_briefly("ALTER TABLE pools ALTER COLUMN last_batch_id SET DEFAULT 0")
    op.execute("COMMENT ON COLUMN pools.last_batch_id IS 'Batch that last changed it.'")
    for name, definition in INDEXES.items():
        build_index(name, f"INDEX {{name}} ON {definition}")


def downgrade() -> None:
    for name in INDEXES:
        remove_index(name)
    op.drop_column("pools", "last_batch_id")
    op.drop_column("scoring_runs", "request_digest")
