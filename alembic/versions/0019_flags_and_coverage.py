"""Judged wallets: flags, sums in USD, coverage, and the transfer that shows what decided a level.

A published run whose policy is of the first version is published no longer: this version does not read such
policies. Its row and its results stay; the next run is published.
"""

from alembic import op
from app.stores.online import alter_briefly

revision = "0019"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = {
    "flags": ("text[] NOT NULL DEFAULT '{}'", None),
    "usd_received": ("double precision NOT NULL DEFAULT 0", "In known assets."),
    "usd_sent": ("double precision NOT NULL DEFAULT 0", None),
    "source_coverage": ("double precision", "Share of the money of a known origin."),
    "destination_coverage": ("double precision", "Share of it with a known end."),
    "reason_transfer_id": ("bigint", "Shows what decided the level."),
}
ARITHMETIC = "Version of it: 1 before migration 0007, 2 before 0019, then 3."


def upgrade() -> None:
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, (kind, _) in COLUMNS.items())
    alter_briefly(f"ALTER TABLE risk_scores {added}")
    for name, (_, comment) in COLUMNS.items():
        if comment is not None:
            op.execute(f"COMMENT ON COLUMN risk_scores.{name} IS '{comment}'")
    op.execute("ALTER TABLE scoring_runs ALTER COLUMN arithmetic SET DEFAULT 3")
    op.execute(f"COMMENT ON COLUMN scoring_runs.arithmetic IS '{ARITHMETIC}'")
    op.execute(r"""
        DELETE FROM published_run USING scoring_runs r JOIN policies p USING (policy_digest)
        WHERE published_run.run_id = r.run_id AND p.body !~ '(^|\n)policy:'
    """)


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("risk_scores", name)
    op.execute("ALTER TABLE scoring_runs ALTER COLUMN arithmetic SET DEFAULT 2")
    op.execute(
        "COMMENT ON COLUMN scoring_runs.arithmetic IS 'Version of it: 1 before migration 0007, then 2.'"
    )
