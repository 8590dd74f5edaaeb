"""What an event may say beside what it must: nullable columns, which rewrite no row of a large table."""

from alembic import op
from app.stores.online import alter_briefly, build_index, remove_index

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

IDENTITY = ["chain", "transaction_hash", "asset", "transfer_index", "observed_at"]
BLOCK = ["block_number", "block_hash"]


def upgrade() -> None:
    alter_briefly(
        "ALTER TABLE transactions ADD COLUMN IF NOT EXISTS block_hash text,"
        " ADD COLUMN IF NOT EXISTS observed_at timestamptz, ADD COLUMN IF NOT EXISTS initiator text,"
        " ADD COLUMN IF NOT EXISTS kind text, ADD COLUMN IF NOT EXISTS sender_tag text,"
        " ADD COLUMN IF NOT EXISTS receiver_tag text"
    )
    op.execute("COMMENT ON COLUMN transactions.initiator IS 'Address that signed the transaction.'")
    alter_briefly(
        "ALTER TABLE retractions ADD COLUMN IF NOT EXISTS block_number integer,"
        " ADD COLUMN IF NOT EXISTS block_hash text"
    )
    build_index(
        "uq_retractions_identity_new",
        f"UNIQUE INDEX {{name}} ON retractions ({', '.join([*IDENTITY, *BLOCK])}) NULLS NOT DISTINCT",
    )
    remove_index("uq_retractions_identity")
    alter_briefly("ALTER INDEX uq_retractions_identity_new RENAME TO uq_retractions_identity")


def downgrade() -> None:
    op.execute(
        "DELETE FROM retractions r USING retractions k WHERE k.retraction_id < r.retraction_id"
        " AND (k.chain, k.transaction_hash, k.asset, k.observed_at)"
        " = (r.chain, r.transaction_hash, r.asset, r.observed_at)"
        " AND k.transfer_index IS NOT DISTINCT FROM r.transfer_index"
    )
    op.drop_index("uq_retractions_identity", table_name="retractions", postgresql_nulls_not_distinct=True)
    op.create_index(
        "uq_retractions_identity", "retractions", IDENTITY, unique=True, postgresql_nulls_not_distinct=True
    )
    for column in BLOCK:
        op.drop_column("retractions", column)
    for column in ("receiver_tag", "sender_tag", "kind", "initiator", "observed_at", "block_hash"):
        op.drop_column("transactions", column)
