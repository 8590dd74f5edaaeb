"""Sessions of browsers stand in the record, so that signing out ends one."""

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_digest", sa.Text(), nullable=False, comment="See app/api/sessions.py."),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_digest", name="pk_sessions"),
    )


def downgrade() -> None:
    op.drop_table("sessions")
