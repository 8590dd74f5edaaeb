"""Imports of files, and which transfers and retractions were said by which of them.

A nullable column on `transactions` and on `retractions`, without a rewrite. The index has the transfers of
imports alone: ordinary producers pay nothing for it.
"""

import sqlalchemy as sa

from alembic import op
from app.stores.online import alter_briefly, build_index, remove_index

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

OF_IMPORT = (
    "transactions (import_number, block_number, transaction_index, transfer_index)"
    " WHERE import_number IS NOT NULL AND is_superseded IS NULL"
)
SAID_BY = "An import that said it; null: a producer did."
SUPERSEDED = (
    "True: never lives again. Its import was undone; or it is of before 0009, retracted, and its"
    " inclusion came again with another content."
)
SUPERSEDED_BEFORE = "True: of before 0009, retracted, and its inclusion came again with another content."


def upgrade() -> None:
    if not sa.inspect(op.get_bind()).has_table("imports"):
        op.create_table(
            "imports",
            sa.Column("import_number", sa.Integer(), sa.Identity(always=True), nullable=False),
            sa.Column("import_id", sa.Text(), nullable=False, comment="How people and messages name it."),
            sa.Column("digest", sa.Text(), nullable=True, comment="Of all its messages."),
            sa.Column("source", sa.Text(), nullable=True, comment="The path that was imported."),
            sa.Column("messages", sa.BigInteger(), nullable=True),
            sa.Column(
                "is_of_blocks",
                sa.Boolean(),
                server_default=sa.false(),
                nullable=False,
                comment="Its forms hold whole blocks.",
            ),
            sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
            sa.Column("published_at", sa.DateTime(timezone=True), comment="Null: not all of it is in Kafka."),
            sa.Column("offsets", sa.dialects.postgresql.JSONB(), comment="Last one in each partition."),
            sa.Column("undone_at", sa.DateTime(timezone=True), comment="From then on it says nothing."),
            sa.Column("withdrawn_at", sa.DateTime(timezone=True), comment="When all it said was withdrawn."),
            sa.PrimaryKeyConstraint("import_number", name="pk_imports"),
            sa.UniqueConstraint("import_id", name="uq_imports_import_id"),
        )
        op.create_index(
            "uq_imports_digest",
            "imports",
            ["digest"],
            unique=True,
            postgresql_where=sa.text("undone_at IS NULL"),
        )
        op.create_table(
            "import_words",
            sa.Column("transfer_id", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column(
                "import_number", sa.Integer(), autoincrement=False, nullable=False, comment="0: producers."
            ),
            sa.Column("observed_at", sa.DateTime(timezone=True), comment="The latest it said."),
            sa.PrimaryKeyConstraint("transfer_id", "import_number", name="pk_import_words"),
        )
        op.create_index("ix_import_words_import_number", "import_words", ["import_number"])
    alter_briefly("ALTER TABLE transactions ADD COLUMN IF NOT EXISTS import_number integer")
    alter_briefly("ALTER TABLE retractions ADD COLUMN IF NOT EXISTS import_numbers integer[]")
    op.execute(f"COMMENT ON COLUMN transactions.import_number IS '{SAID_BY}'")
    op.execute(
        "COMMENT ON COLUMN retractions.import_numbers IS 'Imports that said it; null: a producer did.'"
    )
    op.execute(f"COMMENT ON COLUMN transactions.is_superseded IS '{SUPERSEDED}'")
    build_index("ix_transactions_import", f"INDEX {{name}} ON {OF_IMPORT}")
    build_index(
        "ix_retractions_imported",
        "INDEX {name} ON retractions (retraction_id) WHERE import_numbers IS NOT NULL",
    )


def downgrade() -> None:
    remove_index("ix_transactions_import")
    remove_index("ix_retractions_imported")
    op.drop_column("transactions", "import_number")
    op.drop_column("retractions", "import_numbers")
    op.execute(f"COMMENT ON COLUMN transactions.is_superseded IS '{SUPERSEDED_BEFORE}'")
    op.drop_table("import_words")
    op.drop_table("imports")
