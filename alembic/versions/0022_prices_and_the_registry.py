"""Prices by asset and day, the registry of assets, and what a run used of both.

New tables and columns without a rewrite. A run of before has no `prices_digest`: it took each transfer's own
value as it came.
"""

import sqlalchemy as sa

from alembic import op
from app.stores.online import alter_briefly

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

COLUMNS = {
    "prices_digest": ("text", "Of the prices it used; null: of before 0022, transfers' own values alone."),
    "registry_digest": ("text", "Of the registry of assets."),
    "unused_values": ("bigint", "Values and prices too far from their day's median, which it did not use."),
    "imported_values": ("bigint", "Transfers whose value is of an imported price."),
}
USED_USD = """
    CREATE OR REPLACE FUNCTION used_usd(transfer bigint, asset integer, moment timestamptz, amount numeric,
        own numeric, run bigint) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE RETURN CASE
        WHEN own > 0 AND NOT EXISTS (
            SELECT FROM unused_prices u WHERE u.run_id = run AND u.transfer_id = transfer) THEN own
        ELSE coalesce(
            (SELECT round(amount * p.price / power(10::numeric, p.decimals), 18) FROM used_prices p
             WHERE p.run_id = run AND p.asset_id = asset AND p.day = (moment AT TIME ZONE 'UTC')::date),
            CASE WHEN own > 0 THEN NULL ELSE own END)
    END
"""
QUOTE = "'"
DECIMALS_OF = """
    CREATE OR REPLACE FUNCTION decimals_of(of_chain text, of_asset text, own smallint) RETURNS smallint
    LANGUAGE sql STABLE PARALLEL SAFE RETURN coalesce(own, (
        SELECT r.decimals FROM registered_assets r
        WHERE r.chain = of_chain AND r.asset = of_asset AND r.decimals IS NOT NULL AND r.removed_at IS NULL
        ORDER BY NOT r.known, r.source COLLATE "C" LIMIT 1))
"""
_NOW = sa.func.now()


def upgrade() -> None:
    op.create_table(
        "prices",
        sa.Column("price_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="In UTC."),
        sa.Column("price", sa.Numeric(), nullable=False, comment="USD of one unit, not of a base unit."),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("price > 0", name=op.f("ck_prices_price")),
        sa.PrimaryKeyConstraint("price_id", name=op.f("pk_prices")),
    )
    op.create_index(
        "uq_prices_current",
        "prices",
        ["chain", "asset", "day", "source"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "registered_assets",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("decimals", sa.SmallInteger()),
        sa.Column(
            "known", sa.Boolean(), nullable=False, comment="False: its source names whatever it found."
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_registered_assets")),
    )
    op.create_index(
        "uq_registered_assets_current",
        "registered_assets",
        ["chain", "asset", "source"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_registered_assets_symbol",
        "registered_assets",
        ["chain", sa.text("lower(symbol)")],
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "used_prices",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="In UTC."),
        sa.Column("price", sa.Numeric(), nullable=False, comment="USD of one unit."),
        sa.Column("decimals", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "asset_id", "day", name=op.f("pk_used_prices")),
    )
    op.create_table(
        "unused_prices",
        sa.Column("unused_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="In UTC."),
        sa.Column("transfer_id", sa.BigInteger(), comment="Whose own value it is."),
        sa.Column("price_id", sa.BigInteger(), comment="The imported price that it is."),
        sa.Column("price", sa.Double(), nullable=False, comment="USD of one unit."),
        sa.Column("median", sa.Double(), nullable=False, comment="What it is too far from."),
        sa.PrimaryKeyConstraint("unused_id", name=op.f("pk_unused_prices")),
    )
    op.create_index("ix_unused_prices_run_id_transfer_id", "unused_prices", ["run_id", "transfer_id"])
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, (kind, _) in COLUMNS.items())
    alter_briefly(f"ALTER TABLE scoring_runs {added}")
    for name, (_, comment) in COLUMNS.items():
        op.execute(f"COMMENT ON COLUMN scoring_runs.{name} IS '{comment.replace(QUOTE, 2 * QUOTE)}'")
    op.execute(USED_USD)
    op.execute(DECIMALS_OF)


def downgrade() -> None:
    op.execute("DROP FUNCTION used_usd")
    op.execute("DROP FUNCTION decimals_of")
    for name in COLUMNS:
        op.drop_column("scoring_runs", name)
    for table in ("unused_prices", "used_prices", "registered_assets", "prices"):
        op.drop_table(table)
