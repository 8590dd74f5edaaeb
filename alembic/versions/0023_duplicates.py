"""The record says which messages were duplicates, as ranges of offsets; nothing is written for the others.

What was read before is not told: the offset from which on it is known is that of the next batch.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE

from alembic import op
from app.stores.online import alter_briefly

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

COLUMN_COMMENT = "Offset from which on `duplicates` has every one; null: no batch since 0023."
OFFSETS_COMMENT = "Messages that follow one another are one range."


def upgrade() -> None:
    op.create_table(
        "duplicates",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("series", sa.Integer, nullable=False),
        sa.Column("from_offset", sa.BigInteger, nullable=False),
        sa.Column("offsets", INT8MULTIRANGE, nullable=False, comment=OFFSETS_COMMENT),
        sa.PrimaryKeyConstraint("topic", "partition", "series", "from_offset", name=op.f("pk_duplicates")),
        if_not_exists=True,
    )
    alter_briefly("ALTER TABLE ingestion_state ADD COLUMN IF NOT EXISTS duplicates_from bigint")
    op.execute(f"COMMENT ON COLUMN ingestion_state.duplicates_from IS '{COLUMN_COMMENT}'")


def downgrade() -> None:
    op.drop_column("ingestion_state", "duplicates_from")
    op.drop_table("duplicates")
