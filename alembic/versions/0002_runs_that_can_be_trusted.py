"""What lets a run be verified, cancelled, and started once."""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "scoring_runs",
        sa.Column(
            "recorded_transfers", sa.BigInteger(), nullable=True, comment="Up to the watermark, all of them."
        ),
    )
    op.add_column(
        "scoring_runs",
        sa.Column("record_digest", sa.Text(), nullable=True, comment="Of the transfers up to the watermark."),
    )
    op.add_column(
        "scoring_runs",
        sa.Column(
            "results_digest", sa.Text(), nullable=True, comment="Of the exposures and scores it stored."
        ),
    )
    op.add_column(
        "scoring_runs",
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("scoring_runs", sa.Column("idempotency_key", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_scoring_runs_idempotency_key"), "scoring_runs", ["idempotency_key"])


def downgrade() -> None:
    op.drop_constraint(op.f("uq_scoring_runs_idempotency_key"), "scoring_runs", type_="unique")
    for column in (
        "idempotency_key",
        "cancel_requested",
        "results_digest",
        "record_digest",
        "recorded_transfers",
    ):
        op.drop_column("scoring_runs", column)
