"""Results are stored once: a row holds from the run that stored it until the first run that has another one.

Rows of before get 0 as `until_run_id`, which the table remembers without rewriting them: they are of the run
that stored them and of no other. The new indexes are built while everything goes on.
"""

import sqlalchemy as sa

from alembic import op
from app.stores.online import alter_briefly, build_index, remove_index

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEYS = {"exposures": ("wallet_id", "asset_id", "direction"), "risk_scores": ("wallet_id",)}
# Inlined by the planner, so that its conditions are those of the statement that calls it.
IS_OF_RUN = """
    CREATE OR REPLACE FUNCTION is_of_run(run_id bigint, until_run_id bigint, run bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
        run_id <= run AND (until_run_id IS NULL OR until_run_id > run OR run_id = run)
"""


def upgrade() -> None:
    op.execute(IS_OF_RUN)
    alter_briefly("ALTER TABLE scoring_runs ADD COLUMN IF NOT EXISTS pruned_at timestamptz")
    op.execute("COMMENT ON COLUMN scoring_runs.pruned_at IS 'When its results were deleted.'")
    for table in KEYS:
        alter_briefly(
            f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS until_run_id bigint DEFAULT 0,"
            f" ADD COLUMN IF NOT EXISTS line_hash bigint"
        )
        alter_briefly(f"ALTER TABLE {table} ALTER COLUMN until_run_id DROP DEFAULT")
        op.execute(f"COMMENT ON COLUMN {table}.run_id IS '{RUN}'")
        op.execute(f"COMMENT ON COLUMN {table}.until_run_id IS '{UNTIL}'")
        op.execute(f"COMMENT ON COLUMN {table}.line_hash IS '{LINE_HASH}'")
    for table, key in KEYS.items():
        build_index(f"pk_{table}_once", f"UNIQUE INDEX {{name}} ON {table} ({', '.join(key)}, run_id)")
        alter_briefly(
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS pk_{table},"
            f" ADD CONSTRAINT pk_{table} PRIMARY KEY USING INDEX pk_{table}_once"
        )
    build_index(
        "ix_risk_scores_board",
        "INDEX {name} ON risk_scores (score DESC, wallet_id)"
        " INCLUDE (run_id, risk_level, direction, main_category) WHERE until_run_id IS NULL",
    )
    build_index(
        "ix_risk_scores_past",
        "INDEX {name} ON risk_scores (score DESC, wallet_id)"
        " INCLUDE (run_id, until_run_id, risk_level, direction, main_category)"
        " WHERE until_run_id IS NOT NULL",
    )
    remove_index("ix_risk_scores_top")


def downgrade() -> None:
    """Each run gets rows of its own again; those of runs that were pruned stay away."""
    for table, key in KEYS.items():
        columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
        copied = [name for name in columns if name not in {"run_id", "until_run_id", "line_hash"}]
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT pk_{table}")
        op.execute(
            f"INSERT INTO {table} (run_id, {', '.join(copied)})"  # noqa: S608
            f" SELECT r.run_id, {', '.join(f't.{name}' for name in copied)} FROM {table} t"
            " JOIN scoring_runs r ON r.run_id <> t.run_id AND is_of_run(t.run_id, t.until_run_id, r.run_id)"
            " WHERE r.status = 'completed' AND r.pruned_at IS NULL"
        )
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY (run_id, {', '.join(key)})")
    op.drop_index("ix_risk_scores_past", table_name="risk_scores")
    op.drop_index("ix_risk_scores_board", table_name="risk_scores")
    for table in KEYS:
        op.drop_column(table, "line_hash")
        op.drop_column(table, "until_run_id")
        op.execute(f"COMMENT ON COLUMN {table}.run_id IS NULL")
    op.drop_column("scoring_runs", "pruned_at")
    op.execute("DROP FUNCTION is_of_run")
    op.execute(
        "CREATE INDEX ix_risk_scores_top ON risk_scores (run_id, score DESC, wallet_id)"
        " INCLUDE (risk_level, direction, main_category)"
    )


RUN = "Run that stored the row."
UNTIL = "First run that has another row; null: none yet. 0: of before 0014, of its own run alone."
LINE_HASH = "Of the row as a line: whether the next run has the same."
