"""The id of the topic stands beside its offsets, and what cannot be read any more is told.

A topic that is made anew begins another series of offsets: its dead letters are others, at the same offsets.
"""

import sqlalchemy as sa

from alembic import op
from app.stores.online import alter_briefly, build_index

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


KEYS = {
    "ingestion_state": ("topic, partition", "topic, partition, series"),
    "dead_letters": ('topic, partition, "offset"', 'topic, partition, series, "offset"'),
}
TOPIC_ID = "COMMENT ON COLUMN ingestion_state.topic_id IS 'Null: of before 0015.'"
ENDED_AT = "COMMENT ON COLUMN ingestion_state.ended_at IS 'Null: the series that is read.'"


def upgrade() -> None:
    for table, (_, key) in KEYS.items():
        alter_briefly(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS series integer NOT NULL DEFAULT 1")
        build_index(f"pk_{table}_of_series", f"UNIQUE INDEX {{name}} ON {table} ({key})")
        alter_briefly(
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS pk_{table},"
            f" ADD CONSTRAINT pk_{table} PRIMARY KEY USING INDEX pk_{table}_of_series"
        )
    alter_briefly(
        "ALTER TABLE ingestion_state ADD COLUMN IF NOT EXISTS topic_id text,"
        " ADD COLUMN IF NOT EXISTS ended_at timestamptz"
    )
    op.execute(TOPIC_ID)
    op.execute(ENDED_AT)
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
        if_not_exists=True,
    )
    op.create_index(
        "ix_holes_unseen",
        "holes",
        ["hole_id"],
        postgresql_where=sa.text("seen_at IS NULL"),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Offsets of earlier series are forgotten, and refused messages at the same offsets but the newest."""
    op.drop_table("holes")
    op.execute("DELETE FROM ingestion_state WHERE ended_at IS NOT NULL")
    op.execute(
        "DELETE FROM dead_letters d USING dead_letters newer WHERE (newer.topic, newer.partition,"
        ' newer."offset") = (d.topic, d.partition, d."offset") AND newer.series > d.series'
    )
    for table, (key, _) in KEYS.items():
        op.drop_constraint(f"pk_{table}", table)
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({key})")
        op.drop_column(table, "series")
    for name in ("topic_id", "ended_at"):
        op.drop_column("ingestion_state", name)
