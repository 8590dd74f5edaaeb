"""Watched wallets with what was last judged of them, alerts, and every cause of each."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE watched_wallets (
        watched_id uuid CONSTRAINT pk_watched_wallets PRIMARY KEY DEFAULT gen_random_uuid(),
        chain text NOT NULL,
        address text NOT NULL,
        reference text,
        customer_reference text,
        recorded_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
        risk_level text,
        score bigint,
        flags text[] NOT NULL DEFAULT '{}',
        rules text[] NOT NULL DEFAULT '{}',
        watermark bigint,
        as_of timestamp with time zone,
        policy_digest text,
        run_id bigint,
        screening_id bigint,
        judged_at timestamp with time zone,
        touched_watermark bigint NOT NULL DEFAULT 0,
        screened_at timestamp with time zone,
        CONSTRAINT uq_watched_wallets_chain_address UNIQUE (chain, address)
    )
    """,
    "COMMENT ON COLUMN watched_wallets.reference IS 'The caller''s own; goes with the row.'",
    "COMMENT ON COLUMN watched_wallets.watermark IS 'Last batch that the last judgement has seen.'",
    "COMMENT ON COLUMN watched_wallets.as_of IS 'Labels valid at this time were used for it.'",
    "COMMENT ON COLUMN watched_wallets.touched_watermark IS 'Last batch looked at for its transfers.'",
    "CREATE INDEX ix_watched_wallets_screened_at ON watched_wallets (screened_at)",
    """
    CREATE TABLE alerts (
        alert_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_alerts PRIMARY KEY,
        rule text NOT NULL,
        chain text NOT NULL,
        address text NOT NULL,
        status text NOT NULL DEFAULT 'open',
        outcome text,
        note text,
        sentence text NOT NULL,
        risk_level text,
        retrospective boolean NOT NULL,
        causes integer NOT NULL DEFAULT 0,
        usd_value numeric,
        policy_digest text NOT NULL,
        evidence jsonb NOT NULL,
        opened_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
        last_seen_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
        changed_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
        closed_at timestamp with time zone,
        CONSTRAINT ck_alerts_status CHECK (status IN ('open', 'in_review', 'closed')),
        CONSTRAINT ck_alerts_outcome CHECK ((status = 'closed') = (outcome IS NOT NULL))
    )
    """,
    "COMMENT ON COLUMN alerts.evidence IS 'The wallet''s score as it was when the alert was opened.'",
    "COMMENT ON COLUMN alerts.retrospective IS 'What was known later made it, not a new transfer.'",
    "CREATE UNIQUE INDEX uq_alerts_one_at_a_time ON alerts (chain, address, rule) WHERE status <> 'closed'",
    "CREATE INDEX ix_alerts_chain_address ON alerts (chain, address)",
    """
    CREATE TABLE alert_causes (
        cause_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_alert_causes PRIMARY KEY,
        alert_id bigint NOT NULL CONSTRAINT fk_alert_causes_alert_id REFERENCES alerts (alert_id),
        rule text NOT NULL,
        chain text NOT NULL,
        address text NOT NULL,
        cause text NOT NULL,
        detail text NOT NULL,
        retrospective boolean NOT NULL,
        usd_value numeric,
        run_id bigint,
        screening_id bigint,
        watermark bigint,
        recorded_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT uq_alert_causes_chain_address_rule_cause UNIQUE (chain, address, rule, cause)
    )
    """,
    "COMMENT ON COLUMN alert_causes.cause IS 'What it was: the same one makes no second row.'",
    "CREATE INDEX ix_alert_causes_alert_id ON alert_causes (alert_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("alert_causes", "alerts", "watched_wallets"):
        op.drop_table(table)
