"""What a status shows is counted while it is written, and dead letters are listed by an index.

Until now a status counted all wallets, all refused messages and all batches that had changed older transfers.
"""

import sqlalchemy as sa

from alembic import op
from app.stores.online import build_index, remove_index

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LATEST = 'recorded_at DESC, topic, partition, "offset" DESC'
FILL = """
    INSERT INTO counts (name, value)
    SELECT 'wallets', count(*) FROM wallets
    UNION ALL SELECT 'restated', coalesce(sum(restated), 0) FROM batches
    UNION ALL SELECT 'retracted', coalesce(sum(retracted), 0) FROM batches
    UNION ALL SELECT 'refused.' || reason, count(*) FROM dead_letters GROUP BY reason
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""


def upgrade() -> None:
    op.create_table(
        "counts",
        sa.Column("name", sa.Text(), nullable=False, comment="A name of app/record/counts.py."),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counts"),
        if_not_exists=True,
    )
    op.execute(FILL)
    remove_index("ix_batches_changing")
    build_index("ix_dead_letters_latest", f"INDEX {{name}} ON dead_letters ({LATEST})")
    build_index("ix_dead_letters_latest_by_reason", f"INDEX {{name}} ON dead_letters (reason, {LATEST})")
    build_index(
        "ix_dead_letters_to_replay",
        'INDEX {name} ON dead_letters (recorded_at, topic, partition, "offset") WHERE replayed_at IS NULL',
    )


def downgrade() -> None:
    for name in ("to_replay", "latest_by_reason", "latest"):
        op.drop_index(f"ix_dead_letters_{name}", table_name="dead_letters")
    op.create_index(
        "ix_batches_changing",
        "batches",
        ["batch_id"],
        postgresql_include=["restated", "retracted"],
        postgresql_where=sa.text("restated > 0 OR retracted > 0"),
    )
    op.drop_table("counts")
