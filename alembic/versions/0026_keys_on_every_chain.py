"""A key listed on one EVM chain is listed on all of them; runs say by their arithmetic if they knew."""

from alembic import op
from app.stores.online import alter_briefly

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

COMMENT = "COMMENT ON COLUMN scoring_runs.arithmetic IS 'Version of it: {}.'"
BEFORE = "1 before migration 0007, 2 before 0019, then 3"
SINCE = "1 before migration 0007, 2 before 0019, 3 before 0026, then 4"


def upgrade() -> None:
    alter_briefly(COMMENT.format(SINCE))


def downgrade() -> None:
    op.execute(COMMENT.format(BEFORE))
