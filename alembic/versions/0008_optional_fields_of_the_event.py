"""What an event may say beside what it must: nullable columns, which rewrite no row of a large table."""

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

IDENTITY = ["chain", "transaction_hash", "asset", "transfer_index", "observed_at"]
BLOCK = ["block_number", "block_hash"]


def upgrade() -> None:
    op.add_column("transactions", sa.Column("block_hash", sa.Text(), nullable=True))
    op.add_column("transactions", sa.Column("observed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "transactions",
        sa.Column("initiator", sa.Text(), nullable=True, comment="Address that signed the transaction."),
    )
    op.add_column("transactions", sa.Column("kind", sa.Text(), nullable=True))
    op.add_column("transactions", sa.Column("sender_tag", sa.Text(), nullable=True))
    op.add_column("transactions", sa.Column("receiver_tag", sa.Text(), nullable=True))
    op.add_column("retractions", sa.Column("block_number", sa.Integer(), nullable=True))
    op.add_column("retractions", sa.Column("block_hash", sa.Text(), nullable=True))
    _identify_retractions_by([*IDENTITY, *BLOCK])


def downgrade() -> None:
    op.execute(
        "DELETE FROM retractions r USING retractions k WHERE k.retraction_id < r.retraction_id"
        " AND (k.chain, k.transaction_hash, k.asset, k.observed_at)"
        " = (r.chain, r.transaction_hash, r.asset, r.observed_at)"
        " AND k.transfer_index IS NOT DISTINCT FROM r.transfer_index"
    )
    _identify_retractions_by(IDENTITY)
    for column in BLOCK:
        op.drop_column("retractions", column)
    for column in ("receiver_tag", "sender_tag", "kind", "initiator", "observed_at", "block_hash"):
        op.drop_column("transactions", column)


def _identify_retractions_by(columns: list[str]) -> None:
    op.drop_index("uq_retractions_identity", table_name="retractions", postgresql_nulls_not_distinct=True)
    op.create_index(
        "uq_retractions_identity",
        "retractions",
        columns,
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
