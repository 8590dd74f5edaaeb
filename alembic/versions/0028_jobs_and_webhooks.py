"""Jobs in the record, by procrastinate's own tables, and the webhooks that they call.

The tables of jobs are made by the library's own statements, of the version that the lock names; the comment
on `procrastinate_jobs` keeps which (docs/decisions/0036-jobs-and-alerts.md says how a later one is reached).
"""

from importlib.metadata import version
from importlib.resources import files

from sqlalchemy import text

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE webhook_endpoints (
        endpoint_id uuid CONSTRAINT pk_webhook_endpoints PRIMARY KEY DEFAULT gen_random_uuid(),
        url text NOT NULL,
        description text NOT NULL DEFAULT '',
        secret text NOT NULL,
        secret_before text,
        secret_before_until timestamp with time zone,
        enabled boolean NOT NULL DEFAULT true,
        recorded_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "COMMENT ON COLUMN webhook_endpoints.secret_before IS 'Also signs until then, after a rotation.'",
    """
    CREATE TABLE webhook_messages (
        message_id text CONSTRAINT pk_webhook_messages PRIMARY KEY,
        subject text NOT NULL,
        event_type text NOT NULL,
        body text NOT NULL,
        recorded_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "COMMENT ON COLUMN webhook_messages.body IS 'The bytes that are signed and sent, in every attempt.'",
    """
    CREATE TABLE webhook_deliveries (
        delivery_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_webhook_deliveries PRIMARY KEY,
        message_id text NOT NULL CONSTRAINT fk_webhook_deliveries_message_id
            REFERENCES webhook_messages (message_id),
        endpoint_id uuid NOT NULL CONSTRAINT fk_webhook_deliveries_endpoint_id
            REFERENCES webhook_endpoints (endpoint_id) ON DELETE CASCADE,
        status text NOT NULL DEFAULT 'pending',
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamp with time zone,
        delivered_at timestamp with time zone,
        CONSTRAINT uq_webhook_deliveries_message_id_endpoint_id UNIQUE (message_id, endpoint_id),
        CONSTRAINT ck_webhook_deliveries_status CHECK (status IN ('pending', 'delivered', 'failed'))
    )
    """,
    """
    CREATE INDEX ix_webhook_deliveries_endpoint_id_delivery_id
        ON webhook_deliveries (endpoint_id, delivery_id)
    """,
    """
    CREATE TABLE webhook_attempts (
        attempt_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_webhook_attempts PRIMARY KEY,
        delivery_id bigint NOT NULL CONSTRAINT fk_webhook_attempts_delivery_id
            REFERENCES webhook_deliveries (delivery_id) ON DELETE CASCADE,
        attempted_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
        status_code integer,
        answer text NOT NULL DEFAULT '',
        error text,
        seconds double precision NOT NULL
    )
    """,
    "COMMENT ON COLUMN webhook_attempts.answer IS 'The beginning of what was answered.'",
    "CREATE INDEX ix_webhook_attempts_delivery_id ON webhook_attempts (delivery_id)",
)


def upgrade() -> None:
    connection = op.get_bind()
    schema = (files("procrastinate") / "sql" / "schema.sql").read_text()
    connection.exec_driver_sql(schema.replace("%", "%%"))  # the driver takes % for a parameter
    connection.execute(
        text(f"COMMENT ON TABLE procrastinate_jobs IS 'procrastinate {version('procrastinate')}'")
    )
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    for table in ("webhook_attempts", "webhook_deliveries", "webhook_messages", "webhook_endpoints"):
        op.drop_table(table)
    op.execute("""
        DO $$ DECLARE each record; BEGIN
            DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs,
                procrastinate_workers CASCADE;
            FOR each IN SELECT oid::regprocedure AS name FROM pg_proc
                WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = current_schema()::regnamespace
            LOOP EXECUTE 'DROP FUNCTION ' || each.name || ' CASCADE'; END LOOP;
            DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type;
        END $$
    """)
