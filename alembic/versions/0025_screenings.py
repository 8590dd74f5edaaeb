"""Screenings, and the caller's references under a random id, so that they can be erased."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0025"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE screening_ids")
    op.create_table(
        "screening_references",
        sa.Column("reference_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("reference", sa.Text()),
        sa.Column("customer_reference", sa.Text()),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("reference_id", name="pk_screening_references"),
    )
    op.create_index(
        "uq_screening_references_texts",
        "screening_references",
        ["reference", "customer_reference"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_screening_references_customer_reference", "screening_references", ["customer_reference"]
    )
    op.create_table(
        "screenings",
        sa.Column(
            "screening_id",
            sa.BigInteger(),
            server_default=sa.text("nextval('screening_ids')"),
            nullable=False,
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("risk_level", sa.Text()),
        sa.Column("score", sa.BigInteger(), comment="Millionths of a point."),
        sa.Column("flags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("main_reason", sa.Text()),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("watermark", sa.BigInteger()),
        sa.Column("reference_id", sa.Uuid(), comment="Without a foreign key: references are erased."),
        sa.Column("answer", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("screening_id", name="pk_screenings"),
    )
    op.create_index("ix_screenings_address", "screenings", ["address", "screening_id"])
    op.create_index("ix_screenings_recorded_at", "screenings", ["recorded_at"])
    op.create_index(
        "ix_screenings_pending",
        "screenings",
        ["screening_id"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_screenings_reference",
        "screenings",
        ["reference_id"],
        postgresql_where=sa.text("reference_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("screenings")
    op.drop_table("screening_references")
    op.execute("DROP SEQUENCE screening_ids")
