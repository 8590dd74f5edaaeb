"""The board sorts by level and finds every wallet with a category; a run says how much of it is unrated.

Columns without a rewrite: rows of before have none of them, and the next run stores every score again. Until
then the board finds what it found before. One index, built while runs are stored.
"""

from alembic import op
from app.stores.online import alter_briefly, build_index, remove_index

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

COLUMNS = {
    "facets": ("smallint[]", "Places of categories; from 1000 on those of flags."),
    "level_rank": ("smallint", "Unrated 1, above low."),
    "crime_cents": ("bigint", "From and to crime, in US cents."),
    "first_seen_seconds": ("bigint", "Since 1970."),
    "last_seen_seconds": ("bigint", "Since 1970."),
}
INDEX = """INDEX {name} ON risk_scores (level_rank DESC, score DESC, wallet_id)
    INCLUDE (run_id, risk_level, direction, main_category, facets)
    WHERE until_run_id IS NULL AND score IS NOT NULL"""


def upgrade() -> None:
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, (kind, _) in COLUMNS.items())
    alter_briefly(f"ALTER TABLE risk_scores {added}")
    for name, (_, comment) in COLUMNS.items():
        op.execute(f"COMMENT ON COLUMN risk_scores.{name} IS '{comment}'")
    alter_briefly("ALTER TABLE scoring_runs ADD COLUMN IF NOT EXISTS unrated jsonb")
    op.execute(
        "COMMENT ON COLUMN scoring_runs.unrated IS 'How much is unrated and why. Null: of before 0024.'"
    )
    build_index("ix_risk_scores_by_level", INDEX)


def downgrade() -> None:
    remove_index("ix_risk_scores_by_level")
    for name in COLUMNS:
        op.drop_column("risk_scores", name)
    op.drop_column("scoring_runs", "unrated")
