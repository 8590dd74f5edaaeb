"""Both tables of results name a cell by one code, wide enough for 682 columns and 16 hops.

`app.ledger.cells` has the code; this file repeats it as it was on the day of the migration. A run remembers
the arithmetic that computed, rounded and digested its results, so that those made before can be verified.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# {code} is an expression of `cell`, one element of `cells`, and `direction`.
_RECODE = """
UPDATE {table} SET cells = ARRAY(
    SELECT ({code})::smallint FROM unnest(cells) WITH ORDINALITY AS element (cell, place) ORDER BY place
) WHERE cells <> '{{}}'
"""
_TOO_WIDE = """
SELECT count(*) FROM (
    SELECT unnest(cells) AS cell FROM exposures UNION ALL SELECT unnest(cells) FROM risk_scores
) AS elements
WHERE cell % 16 > 7 OR cell / 16 % 682 > 127
"""


def upgrade() -> None:
    op.execute(_RECODE.format(table="exposures", code="(direction * 682 + cell / 8) * 16 + cell % 8"))
    op.execute(
        _RECODE.format(table="risk_scores", code="(cell / 1024 * 682 + cell % 1024 / 8) * 16 + cell % 8")
    )
    version = sa.Column(
        "arithmetic",
        sa.SmallInteger(),
        nullable=False,
        server_default=sa.text("1"),
        comment="Version of it: 1 before migration 0007, then 2.",
    )
    op.add_column("scoring_runs", version)
    op.alter_column("scoring_runs", "arithmetic", server_default=sa.text("2"))


def downgrade() -> None:
    if op.get_bind().execute(sa.text(_TOO_WIDE)).scalar_one():
        raise RuntimeError("Some results have more columns or hops than the code before could name.")
    op.drop_column("scoring_runs", "arithmetic")
    op.execute(
        _RECODE.format(table="risk_scores", code="cell / 16 / 682 * 1024 + cell / 16 % 682 * 8 + cell % 16")
    )
    op.execute(_RECODE.format(table="exposures", code="cell / 16 % 682 * 8 + cell % 16"))
