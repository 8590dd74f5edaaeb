"""Runs may be by the engine `spark`. `scoring_runs` has a row a run, so that its check takes a moment."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _check("engine IN ('cypher', 'ledger', 'spark')")


def downgrade() -> None:
    op.execute("UPDATE scoring_runs SET engine = 'ledger' WHERE engine = 'spark'")
    _check("engine IN ('cypher', 'ledger')")


def _check(condition: str) -> None:
    op.execute("ALTER TABLE scoring_runs DROP CONSTRAINT ck_scoring_runs_engine")
    op.execute(f"ALTER TABLE scoring_runs ADD CONSTRAINT ck_scoring_runs_engine CHECK ({condition})")
