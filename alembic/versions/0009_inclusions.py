"""Transfers are told apart by inclusion, and refused messages in a row raise an alarm.

The new columns are nullable and rewrite no row; of the rows that were retracted before, each is marked once,
some in each transaction. The new index is built, and the old one removed, while batches are written.
"""

import sqlalchemy as sa

from alembic import op
from app.stores.online import alter_briefly, build_index, remove_index, update_in_chunks

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = (
    ("last_observed_at", "timestamptz", "When a repeat was seen last."),
    (
        "withdrawn_at",
        "timestamptz",
        "observed_at of the last retraction without a block that took it back.",
    ),
    ("is_withdrawn", "boolean", "False again when it has come again."),
    ("returned_batch_id", "bigint", "Batch in which it last lived again."),
    (
        "is_superseded",
        "boolean",
        "True: of before 0009, retracted, and its inclusion came again with another content.",
    ),
)
# Until now a retraction took back what lived, whatever block it named: so these were withdrawn.
MARK_WITHDRAWN = """
    UPDATE transactions t SET is_withdrawn = true, withdrawn_at = (
        SELECT max(r.observed_at) FROM retractions r JOIN assets a USING (chain, asset)
        WHERE r.chain = t.chain AND r.transaction_hash = t.transaction_hash AND a.asset_id = t.asset_id
            AND coalesce(r.transfer_index, t.transfer_index) = t.transfer_index
            AND r.batch_id <= t.retracted_batch_id)
    WHERE t.retracted_batch_id IS NOT NULL AND t.is_withdrawn IS NULL
        AND t.transfer_id BETWEEN :first AND :last
"""
MARK_SUPERSEDED = """
    UPDATE transactions t SET is_superseded = true
    WHERE t.retracted_batch_id IS NOT NULL AND t.transfer_id BETWEEN :first AND :last AND EXISTS (
        SELECT FROM transactions o
        WHERE o.transaction_hash = t.transaction_hash AND o.transfer_index = t.transfer_index
            AND o.chain = t.chain
            AND coalesce(o.block_hash, o.block_number::text) = coalesce(t.block_hash, t.block_number::text)
            AND o.transfer_id <> t.transfer_id
            AND (o.retracted_batch_id IS NULL OR o.transfer_id > t.transfer_id))
"""


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("singleton", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("in_a_row", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True, comment="Of the last one."),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True, comment="Of the first one."),
        sa.CheckConstraint("singleton", name="ck_refusals_singleton"),
        sa.PrimaryKeyConstraint("singleton", name="pk_refusals"),
        if_not_exists=True,
    )
    op.execute("INSERT INTO refusals DEFAULT VALUES ON CONFLICT DO NOTHING")
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {of_type}" for name, of_type, _ in COLUMNS)
    alter_briefly(f"ALTER TABLE transactions {added}")
    for name, _, comment in COLUMNS:
        op.execute(f"COMMENT ON COLUMN transactions.{name} IS '{comment}'")
    update_in_chunks(MARK_WITHDRAWN, "transactions", "transfer_id")
    update_in_chunks(MARK_SUPERSEDED, "transactions", "transfer_id")
    build_index(
        "uq_transactions_inclusion",
        "UNIQUE INDEX {name} ON transactions"
        " (transaction_hash, transfer_index, chain, coalesce(block_hash, block_number::text))"
        " WHERE is_superseded IS NULL",
    )
    remove_index("uq_transactions_identity")


def downgrade() -> None:
    op.create_index(
        "uq_transactions_identity",
        "transactions",
        ["transaction_hash", "transfer_index", "chain"],
        unique=True,
        postgresql_where=sa.text("retracted_batch_id IS NULL"),
    )
    op.drop_index("uq_transactions_inclusion", table_name="transactions")
    for name, _, _ in reversed(COLUMNS):
        op.drop_column("transactions", name)
    op.drop_table("refusals")
