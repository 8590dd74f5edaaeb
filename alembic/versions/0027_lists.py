"""The lists that labels were imported from: when, how many entries, and the digest of what was read."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE label_lists (
            list_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_label_lists PRIMARY KEY,
            source text NOT NULL,
            origin text NOT NULL,
            digest text NOT NULL,
            entries integer NOT NULL,
            is_listing boolean NOT NULL,
            recorded_at timestamp with time zone NOT NULL,
            checked_at timestamp with time zone NOT NULL
        )
    """)
    op.execute("COMMENT ON COLUMN label_lists.origin IS 'Address or name of the file it was read from.'")
    op.execute("COMMENT ON COLUMN label_lists.digest IS 'SHA-256 of that file, or of the files of a folder.'")
    op.execute("COMMENT ON COLUMN label_lists.is_listing IS 'It has labels of a category that is listed.'")
    op.execute("COMMENT ON COLUMN label_lists.checked_at IS 'When it was last read and had not changed.'")
    op.execute("CREATE INDEX ix_label_lists_source_list_id ON label_lists (source, list_id)")


def downgrade() -> None:
    op.drop_table("label_lists")
