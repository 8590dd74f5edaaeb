"""The record."""

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("batch_ids")))
    op.create_table(
        "assets",
        sa.Column("asset_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("decimals", sa.SmallInteger(), nullable=True),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_assets")),
        sa.UniqueConstraint("chain", "asset", name=op.f("uq_assets_chain_asset")),
    )
    op.create_table(
        "batches",
        sa.Column(
            "batch_id", sa.BigInteger(), server_default=sa.text("nextval('batch_ids')"), nullable=False
        ),
        sa.Column(
            "committed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("dead", sa.Integer(), nullable=False),
        sa.Column("restated", sa.Integer(), nullable=False),
        sa.Column("retracted", sa.Integer(), nullable=False),
        sa.Column("projected_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batches")),
    )
    op.create_index("ix_batches_committed_at", "batches", ["committed_at"], unique=False)
    op.create_index(
        "ix_batches_owed",
        "batches",
        ["batch_id"],
        unique=False,
        postgresql_where=sa.text("projected_at IS NULL"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("message_key", sa.LargeBinary(), nullable=True),
        sa.Column(
            "payload",
            sa.LargeBinary(),
            nullable=True,
            comment="The first 64 KiB; all of it is on the dead topic.",
        ),
        sa.Column("payload_bytes", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("topic", "partition", "offset", name=op.f("pk_dead_letters")),
    )
    op.create_index(
        "ix_dead_letters_unpublished",
        "dead_letters",
        ["recorded_at"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "exposures",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wallet_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asset_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "direction",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="1 source, 2 destination.",
        ),
        sa.Column("total", sa.Numeric(), nullable=False, comment="Received or sent, base units."),
        sa.Column(
            "unobserved", sa.Numeric(), nullable=False, comment="Sent beyond what was received, base units."
        ),
        sa.Column(
            "usd_value",
            sa.Double(),
            nullable=False,
            comment="Of the priced transfers; the weight of this asset.",
        ),
        sa.Column("transfers", sa.BigInteger(), nullable=False),
        sa.Column("unpriced_transfers", sa.BigInteger(), nullable=False),
        sa.Column("cells", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("shares", sa.ARRAY(sa.Double()), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "wallet_id", "asset_id", "direction", name=op.f("pk_exposures")),
    )
    op.create_table(
        "flows",
        sa.Column("transfer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column(
            "revision",
            sa.BigInteger(),
            nullable=False,
            comment="Batch that last wrote this row; the graph carries it too.",
        ),
        sa.Column("send_pool_id", sa.BigInteger(), nullable=True),
        sa.Column("send_epoch", sa.Integer(), nullable=True),
        sa.Column("send_balance", sa.Numeric(), nullable=True),
        sa.Column("send_drain", sa.Double(), nullable=True),
        sa.Column("send_drain_low", sa.Double(), nullable=True),
        sa.Column("send_share", sa.Double(), nullable=True),
        sa.Column("unobserved", sa.Numeric(precision=78, scale=0), nullable=True),
        sa.Column("recv_pool_id", sa.BigInteger(), nullable=True),
        sa.Column("recv_epoch", sa.Integer(), nullable=True),
        sa.Column("recv_balance", sa.Numeric(), nullable=True),
        sa.Column("recv_drain", sa.Double(), nullable=True),
        sa.Column("recv_drain_low", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_flows")),
    )
    op.create_index("ix_flows_recv_pool", "flows", ["recv_pool_id", "seq"], unique=False)
    op.create_index("ix_flows_revision", "flows", ["revision"], unique=False)
    op.create_index("ix_flows_send_pool", "flows", ["send_pool_id", "seq"], unique=False)
    op.create_table(
        "ingestion_state",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("consumed", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("dead", sa.BigInteger(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_ingestion_state")),
    )
    op.create_table(
        "labels",
        sa.Column("label_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True, comment="Null: the label only names."),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.SmallInteger(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("confidence BETWEEN 0 AND 100", name=op.f("ck_labels_confidence")),
        sa.PrimaryKeyConstraint("label_id", name=op.f("pk_labels")),
    )
    op.create_index(
        "uq_labels_current",
        "labels",
        ["chain", "address", "source", "category", "name"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "policies",
        sa.Column("policy_digest", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("policy_digest", name=op.f("pk_policies")),
    )
    op.create_table(
        "pools",
        sa.Column("pool_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("balance", sa.Numeric(), server_default=sa.text("0"), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("drain", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("drain_low", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default=sa.text("-1"), nullable=False),
        sa.Column("last_transaction_hash", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("pool_id", name=op.f("pk_pools")),
        sa.UniqueConstraint("wallet_id", "asset_id", name=op.f("uq_pools_wallet_id_asset_id")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "record",
        sa.Column("singleton", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("record_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("singleton", name=op.f("ck_record_singleton")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_record")),
    )
    op.create_table(
        "retractions",
        sa.Column("retraction_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("transaction_hash", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("transfer_index", sa.Integer(), nullable=True),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("retracted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("retraction_id", name=op.f("pk_retractions")),
    )
    op.create_index(
        "uq_retractions_identity",
        "retractions",
        ["chain", "transaction_hash", "asset", "transfer_index", "observed_at"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "risk_scores",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wallet_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "score", sa.BigInteger(), nullable=True, comment="Null: nothing is known about this wallet."
        ),
        sa.Column("ownership_score", sa.BigInteger(), nullable=False),
        sa.Column("source_score", sa.BigInteger(), nullable=False),
        sa.Column("destination_score", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("risk_level", sa.Text(), nullable=True),
        sa.Column("band", sa.Text(), nullable=True, comment="Level by score alone, before rules."),
        sa.Column("main_category", sa.Text(), nullable=True),
        sa.Column("rules", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "weighting", sa.Text(), nullable=False, comment="usd, or worst_asset where nothing was priced."
        ),
        sa.Column("unpriced_transfers", sa.BigInteger(), nullable=False),
        sa.Column("cells", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("shares", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("points", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "wallet_id", name=op.f("pk_risk_scores")),
    )
    op.create_index(
        "ix_risk_scores_top",
        "risk_scores",
        ["run_id", sa.literal_column("score DESC"), "wallet_id"],
        unique=False,
    )
    op.create_table(
        "transactions",
        sa.Column("transfer_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("transaction_hash", sa.Text(), nullable=False),
        sa.Column("transfer_index", sa.Integer(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.Column("transaction_index", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=False),
        sa.Column("receiver_id", sa.BigInteger(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.Column("decimals", sa.SmallInteger(), nullable=True),
        sa.Column("usd_value", sa.Numeric(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("ingested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("retracted_batch_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_transactions")),
    )
    op.create_index(
        "uq_transactions_identity",
        "transactions",
        ["transaction_hash", "transfer_index", "chain"],
        unique=True,
        postgresql_where=sa.text("retracted_batch_id IS NULL"),
    )
    op.create_table(
        "wallets",
        sa.Column("wallet_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False, comment="Batch that first saw it."),
        sa.PrimaryKeyConstraint("wallet_id", name=op.f("pk_wallets")),
        sa.UniqueConstraint("chain", "address", name=op.f("uq_wallets_chain_address")),
    )
    op.create_index(op.f("ix_wallets_address"), "wallets", ["address"], unique=False)
    op.create_index(op.f("ix_wallets_batch_id"), "wallets", ["batch_id"], unique=False)
    op.create_table(
        "scoring_runs",
        sa.Column("run_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("hop_limit", sa.SmallInteger(), nullable=False),
        sa.Column("policy_digest", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("label_set_digest", sa.Text(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), nullable=False, comment="Last batch the run has seen."),
        sa.Column(
            "as_of",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Labels valid at this time were used.",
        ),
        sa.Column(
            "columns", sa.ARRAY(sa.Text()), nullable=False, comment="Names behind the cells of its results."
        ),
        sa.Column("application_version", sa.Text(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.Text(), server_default=sa.text("'starting'"), nullable=False),
        sa.Column("transfers", sa.BigInteger(), nullable=True),
        sa.Column("unpriced_transfers", sa.BigInteger(), nullable=True),
        sa.Column("wallets", sa.BigInteger(), nullable=True),
        sa.Column("labelled_wallets", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("engine IN ('cypher', 'ledger')", name=op.f("ck_scoring_runs_engine")),
        sa.CheckConstraint(
            "status IN ('running', 'completed', 'failed', 'cancelled')", name=op.f("ck_scoring_runs_status")
        ),
        sa.ForeignKeyConstraint(
            ["policy_digest"], ["policies.policy_digest"], name=op.f("fk_scoring_runs_policy_digest")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_scoring_runs")),
    )
    op.create_index(
        "uq_scoring_runs_one_at_a_time",
        "scoring_runs",
        ["status"],
        unique=True,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "published_run",
        sa.Column("singleton", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("singleton", name=op.f("ck_published_run_singleton")),
        sa.ForeignKeyConstraint(["run_id"], ["scoring_runs.run_id"], name=op.f("fk_published_run_run_id")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_published_run")),
    )
    op.execute("INSERT INTO record DEFAULT VALUES")


def downgrade() -> None:
    op.drop_table("published_run")
    op.drop_index(
        "uq_scoring_runs_one_at_a_time",
        table_name="scoring_runs",
        postgresql_where=sa.text("status = 'running'"),
    )
    op.drop_table("scoring_runs")
    op.drop_index(op.f("ix_wallets_batch_id"), table_name="wallets")
    op.drop_index(op.f("ix_wallets_address"), table_name="wallets")
    op.drop_table("wallets")
    op.drop_index(
        "uq_transactions_identity",
        table_name="transactions",
        postgresql_where=sa.text("retracted_batch_id IS NULL"),
    )
    op.drop_table("transactions")
    op.drop_index("ix_risk_scores_top", table_name="risk_scores")
    op.drop_table("risk_scores")
    op.drop_index("uq_retractions_identity", table_name="retractions", postgresql_nulls_not_distinct=True)
    op.drop_table("retractions")
    op.drop_table("record")
    op.drop_table("pools")
    op.drop_table("policies")
    op.drop_index(
        "uq_labels_current",
        table_name="labels",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.drop_table("labels")
    op.drop_table("ingestion_state")
    op.drop_index("ix_flows_send_pool", table_name="flows")
    op.drop_index("ix_flows_revision", table_name="flows")
    op.drop_index("ix_flows_recv_pool", table_name="flows")
    op.drop_table("flows")
    op.drop_table("exposures")
    op.drop_index(
        "ix_dead_letters_unpublished",
        table_name="dead_letters",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("dead_letters")
    op.drop_index("ix_batches_owed", table_name="batches", postgresql_where=sa.text("projected_at IS NULL"))
    op.drop_index("ix_batches_committed_at", table_name="batches")
    op.drop_table("batches")
    op.drop_table("assets")
    op.execute(sa.schema.DropSequence(sa.Sequence("batch_ids")))
