"""How the comparisons of the graph with the record ended."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("reconciliation_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "completed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("equal", sa.Boolean(), nullable=False, comment="After the repair, if there was one."),
        sa.Column("repair", sa.Boolean(), nullable=False),
        sa.Column(
            "differences", sa.BigInteger(), nullable=False, comment="Before the repair, if there was one."
        ),
        sa.Column("broken_references", sa.BigInteger(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("reconciliation_id", name=op.f("pk_reconciliations")),
    )
    op.create_index("ix_reconciliations_completed_at", "reconciliations", ["completed_at"])


def downgrade() -> None:
    op.drop_table("reconciliations")
