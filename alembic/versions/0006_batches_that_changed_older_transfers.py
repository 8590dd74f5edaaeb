"""Batches that restated or took back older transfers are summed without reading all the others."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WHOLE, UP_TO = "all of it is on the dead topic.", "the dead topic has up to 12 MiB."


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_batches_changing ON batches (batch_id) INCLUDE (restated, retracted)"
        " WHERE restated > 0 OR retracted > 0"
    )
    op.alter_column(
        "dead_letters",
        "payload",
        comment=f"64 KiB at most; {UP_TO}",
        existing_comment=f"The first 64 KiB; {WHOLE}",
    )


def downgrade() -> None:
    op.alter_column(
        "dead_letters",
        "payload",
        comment=f"The first 64 KiB; {WHOLE}",
        existing_comment=f"64 KiB at most; {UP_TO}",
    )
    op.drop_index("ix_batches_changing", table_name="batches")
