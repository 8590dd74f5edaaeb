"""The id of the topic stands beside its offsets, and what cannot be read any more is told.

A topic that is made anew begins another series of offsets: its dead letters are others, at the same offsets.
"""

import sqlalchemy as sa

from alembic import op

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None


def series() -> sa.Column[int]:
    return sa.Column("series", sa.Integer(), server_default=sa.text("1"), nullable=False)


def upgrade() -> None:
    op.add_column("ingestion_state", series())
    op.add_column(
        "ingestion_state", sa.Column("topic_id", sa.Text(), nullable=True, comment="Null: of before 0017.")
    )
    op.add_column(
        "ingestion_state",
        sa.Column(
            "ended_at", sa.DateTime(timezone=True), nullable=True, comment="Null: the series that is read."
        ),
    )
    op.drop_constraint("pk_ingestion_state", "ingestion_state")
    op.create_primary_key("pk_ingestion_state", "ingestion_state", ["topic", "partition", "series"])
    op.add_column("dead_letters", series())
    op.drop_constraint("pk_dead_letters", "dead_letters")
    op.create_primary_key("pk_dead_letters", "dead_letters", ["topic", "partition", "series", "offset"])
    op.create_table(
        "holes",
        sa.Column("hole_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="A reason of app/record/holes.py."),
        sa.Column("from_offset", sa.BigInteger(), nullable=False),
        sa.Column("to_offset", sa.BigInteger(), nullable=True, comment="Not included. Null: not known."),
        sa.Column(
            "told_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("hole_id", name="pk_holes"),
    )
    op.create_index("ix_holes_unseen", "holes", ["hole_id"], postgresql_where=sa.text("seen_at IS NULL"))


def downgrade() -> None:
    op.drop_table("holes")
    op.execute("DELETE FROM ingestion_state WHERE ended_at IS NOT NULL")
    op.execute(
        "DELETE FROM dead_letters d USING dead_letters newer WHERE (newer.topic, newer.partition,"
        ' newer."offset") = (d.topic, d.partition, d."offset") AND newer.series > d.series'
    )
    op.drop_constraint("pk_ingestion_state", "ingestion_state")
    op.create_primary_key("pk_ingestion_state", "ingestion_state", ["topic", "partition"])
    op.drop_constraint("pk_dead_letters", "dead_letters")
    op.create_primary_key("pk_dead_letters", "dead_letters", ["topic", "partition", "offset"])
    op.drop_column("dead_letters", "series")
    for name in ("series", "topic_id", "ended_at"):
        op.drop_column("ingestion_state", name)
