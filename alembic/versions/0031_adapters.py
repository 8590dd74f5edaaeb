"""How far other programs' streams are read, and what they have told of tokens."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adapters",
        sa.Column("name", sa.Text(), nullable=False, comment="Its chain and topics."),
        sa.Column(
            "partitions", JSONB(), nullable=False, comment="Where each is read on, and how far it was read."
        ),
        sa.Column(
            "unsettled", ARRAY(sa.BigInteger()), nullable=False, comment="Blocks begun and not published."
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False
        ),
        sa.PrimaryKeyConstraint("name", name="pk_adapters"),
    )
    op.create_table(
        "adapter_tokens",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "token", name="pk_adapter_tokens"),
    )


def downgrade() -> None:
    op.drop_table("adapter_tokens")
    op.drop_table("adapters")
