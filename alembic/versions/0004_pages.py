"""Leaderboards are filtered by their index alone, and a wallet's labels are found by its address.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_risk_scores_top", table_name="risk_scores")
    op.execute(
        "CREATE INDEX ix_risk_scores_top ON risk_scores (run_id, score DESC, wallet_id)"
        " INCLUDE (risk_level, direction, main_category)"
    )
    op.create_index("ix_labels_address", "labels", ["address"])


def downgrade() -> None:
    op.drop_index("ix_labels_address", table_name="labels")
    op.drop_index("ix_risk_scores_top", table_name="risk_scores")
    op.execute("CREATE INDEX ix_risk_scores_top ON risk_scores (run_id, score DESC, wallet_id)")
