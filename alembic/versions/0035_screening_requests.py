"""Idempotency keys of requests that screen."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from alembic import op

revision = "0035"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "screening_requests",
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False, comment="SHA-256 of its body."),
        sa.Column(
            "screening_ids",
            ARRAY(sa.BigInteger()),
            nullable=False,
            comment="In the request's order.",
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("idempotency_key", name="pk_screening_requests"),
    )
    op.create_index("ix_screening_requests_recorded_at", "screening_requests", ["recorded_at"])


def downgrade() -> None:
    op.drop_table("screening_requests")
