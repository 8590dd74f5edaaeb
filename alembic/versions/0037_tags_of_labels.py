"""A label may be of one tag of an address, and transfers are found by the tags of their ends.

A nullable column on `labels`, without a rewrite; labels without a tag are what they were. The indexes of
transfers have those with a tag alone: other producers pay nothing for them.
"""

from alembic import op
from app.stores.online import alter_briefly, build_index, remove_index

revision = "0037"
down_revision = "0035"
branch_labels = None
depends_on = None

COMMENT = "Memo or destination tag whose user it is about; null: the whole address."
BY_IDENTITY = "labels (chain, address, source, category, name{0}) NULLS NOT DISTINCT WHERE removed_at IS NULL"
ENDS = ("sender", "receiver")


def upgrade() -> None:
    alter_briefly("ALTER TABLE labels ADD COLUMN IF NOT EXISTS tag text")
    op.execute(f"COMMENT ON COLUMN labels.tag IS '{COMMENT}'")
    build_index("uq_labels_current_of_tag", f"UNIQUE INDEX {{name}} ON {BY_IDENTITY.format(', tag')}")
    remove_index("uq_labels_current")
    for end in ENDS:
        build_index(
            f"ix_transactions_{end}_tag",
            f"INDEX {{name}} ON transactions ({end}_id, {end}_tag, transfer_id) WHERE {end}_tag IS NOT NULL",
        )


def downgrade() -> None:
    for end in ENDS:
        remove_index(f"ix_transactions_{end}_tag")
    # A label of one user must not become one of the whole address.
    op.execute("DELETE FROM labels WHERE tag IS NOT NULL")
    remove_index("uq_labels_current_of_tag")
    build_index("uq_labels_current", f"UNIQUE INDEX {{name}} ON {BY_IDENTITY.format('')}")
    op.drop_column("labels", "tag")
