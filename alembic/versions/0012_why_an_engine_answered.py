"""A run says why its engine answered."""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "scoring_runs",
        sa.Column("engine_reason", sa.Text(), nullable=True, comment="Why this engine answered."),
    )


def downgrade() -> None:
    op.drop_column("scoring_runs", "engine_reason")
