"""Absences of transfers: with them, what lived at any past batch is known; and which transfers wait.

`transactions.returned_batch_id` knew the last return only, and not when the absence had begun. It begins with
the last retraction before the return, or with the transfer's own batch where there is none.
"""

import sqlalchemy as sa

from alembic import op
from app.stores.online import alter_briefly, build_index, update_in_chunks

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

IS_WAITING = "True: not retracted; another inclusion of its transaction and asset lives."
ADD_LAST_RETURNS = """
    INSERT INTO absences (transfer_id, returned_batch_id, retracted_batch_id)
    SELECT t.transfer_id, t.returned_batch_id, coalesce(
        (SELECT max(r.batch_id) FROM retractions r JOIN assets a USING (chain, asset)
         WHERE r.chain = t.chain AND r.transaction_hash = t.transaction_hash AND a.asset_id = t.asset_id
            AND r.batch_id >= t.batch_id AND r.batch_id < t.returned_batch_id), t.batch_id)
    FROM transactions t WHERE t.returned_batch_id IS NOT NULL
    ON CONFLICT DO NOTHING
"""
MARK_WAITING = """
    UPDATE transactions t SET is_waiting = true FROM assets a
    WHERE a.asset_id = t.asset_id AND t.transfer_id BETWEEN :first AND :last
        AND t.retracted_batch_id IS NOT NULL AND t.is_withdrawn IS NOT TRUE AND t.is_superseded IS NULL
        AND NOT EXISTS (
            SELECT FROM retractions r
            WHERE r.chain = t.chain AND r.transaction_hash = t.transaction_hash AND r.asset = a.asset
                AND (r.block_hash = t.block_hash
                    OR r.block_number = t.block_number AND (r.block_hash IS NULL OR t.block_hash IS NULL))
                AND r.observed_at >= coalesce(t.last_observed_at, t.observed_at, '-infinity'))
"""


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("transfer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("returned_batch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("retracted_batch_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("transfer_id", "returned_batch_id", name="pk_absences"),
        if_not_exists=True,
    )
    if _has_column("returned_batch_id"):
        op.execute(ADD_LAST_RETURNS)
    alter_briefly(
        "ALTER TABLE transactions DROP COLUMN IF EXISTS returned_batch_id,"
        " ADD COLUMN IF NOT EXISTS is_waiting boolean"
    )
    op.execute(f"COMMENT ON COLUMN transactions.is_waiting IS '{IS_WAITING}'")
    update_in_chunks(MARK_WAITING, "transactions", "transfer_id")
    build_index("ix_transactions_waiting", "INDEX {name} ON transactions (transfer_id) WHERE is_waiting")


def _has_column(name: str) -> bool:
    columns = sa.inspect(op.get_bind()).get_columns("transactions")
    return name in {column["name"] for column in columns}


def downgrade() -> None:
    op.drop_index("ix_transactions_waiting", table_name="transactions")
    op.drop_column("transactions", "is_waiting")
    op.add_column(
        "transactions",
        sa.Column(
            "returned_batch_id",
            sa.BigInteger(),
            nullable=True,
            comment="Batch in which it last lived again.",
        ),
    )
    op.execute(
        "UPDATE transactions t SET returned_batch_id = x.returned_batch_id FROM ("
        " SELECT transfer_id, max(returned_batch_id) AS returned_batch_id FROM absences GROUP BY transfer_id"
        ") x WHERE x.transfer_id = t.transfer_id"
    )
    op.drop_table("absences")
