"""Delivers one message: calls, records what was answered, and says when to try again."""

import random
from collections.abc import Collection
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import Connection, text

from app.alerts.webhooks.send import GONE, Called, call
from app.faults import fault_point
from app.stores.postgres import Postgres

log = structlog.get_logger()

WAITS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Between attempts, as Standard Webhooks proposes: ten attempts in about three days."""
JITTER: Final = 0.2
"""Part of a wait that is random, so that a receiver that comes back is not called by all at once."""


def deliver(postgres: Postgres, delivery_id: int, allowed_hosts: Collection[str]) -> timedelta | None:
    """Calls the endpoint of a pending delivery; returns when to try again, None when it has ended.

    A call whose record is lost is made again, under the same message id.
    """
    with postgres.transaction() as connection:
        row = connection.execute(_PENDING, {"delivery_id": delivery_id}).one_or_none()
    if row is None:
        return None
    secrets = [row.secret, *([row.secret_before] if row.is_rotating else [])]
    fault_point("before_a_call")
    called = call(row.url, row.message_id, row.body, secrets, allowed_hosts)
    fault_point("between_call_and_its_record")
    wait = _wait(row.attempts) if not called.accepted and called.status_code != GONE else None
    is_over = called.accepted or wait is None

    def record(connection: Connection) -> None:
        _record(connection, delivery_id, called, None if is_over else wait)

    postgres.run(record)
    log.info(
        "webhook_called",
        delivery_id=delivery_id,
        message_id=row.message_id,
        status_code=called.status_code,
        error=called.error,
        again_in=None if is_over or wait is None else round(wait.total_seconds()),
    )
    return None if is_over else wait


def _wait(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts before this one."""
    if attempts >= len(WAITS):
        return None
    return WAITS[attempts] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret


def _record(connection: Connection, delivery_id: int, called: Called, wait: timedelta | None) -> None:
    parameters = {
        "delivery_id": delivery_id,
        "status_code": called.status_code,
        "answer": called.answer,
        "error": called.error,
        "seconds": called.seconds,
        "status": "delivered" if called.accepted else "failed" if wait is None else "pending",
        "wait": wait,
        "gone": called.status_code == GONE,
    }
    connection.execute(_ATTEMPT, parameters)
    connection.execute(_OUTCOME, parameters)
    if called.status_code == GONE:
        connection.execute(_DISABLE, parameters)


_PENDING = text("""
    SELECT d.attempts, d.message_id, m.body, e.url, e.secret, e.secret_before,
        coalesce(e.secret_before_until > clock_timestamp(), false) AS is_rotating
    FROM webhook_deliveries d JOIN webhook_messages m USING (message_id)
    JOIN webhook_endpoints e USING (endpoint_id)
    WHERE d.delivery_id = :delivery_id AND d.status = 'pending'
""")
_ATTEMPT = text("""
    INSERT INTO webhook_attempts (delivery_id, status_code, answer, error, seconds)
    SELECT :delivery_id, :status_code, :answer, :error, :seconds
    WHERE EXISTS (SELECT FROM webhook_deliveries WHERE delivery_id = :delivery_id)
""")
_OUTCOME = text("""
    UPDATE webhook_deliveries SET status = :status, attempts = attempts + 1,
        next_attempt_at = clock_timestamp() + CAST(:wait AS interval),
        delivered_at = CASE :status WHEN 'delivered' THEN clock_timestamp() END
    WHERE delivery_id = :delivery_id
""")
_DISABLE = text("""
    UPDATE webhook_endpoints SET enabled = false WHERE endpoint_id = (
        SELECT endpoint_id FROM webhook_deliveries WHERE delivery_id = :delivery_id)
""")
