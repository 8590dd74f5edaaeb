"""Messages to endpoints: recorded and deferred in the transaction of what they tell, listed, sent again."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, text

from app.alerts.webhooks.endpoints import require_endpoint
from app.answers.cursors import MAX_BIGINT, decode_cursor, encode_cursor
from app.answers.names import DeliveryStatus
from app.answers.webhooks import Attempt, Deliveries, Delivery
from app.errors import NotFound
from app.stores.jobs import defer

TASK: Final = "deliver"
QUEUE: Final = "webhooks"
TEST_EVENT: Final = "webhook.test"


def tell(
    connection: Connection,
    event_type: str,
    subject: str,
    data: Mapping[str, Any],
    moment: datetime,
    *,
    only: UUID | None = None,
) -> int:
    """Adds a message and its deliveries to this transaction; returns how many endpoints are told.

    Args:
        connection: an open transaction: the message is sent when, and only if, it is committed.
        event_type: of the message.
        subject: what it is about; messages about one subject reach an endpoint in their order.
        data: what is told, as JSON.
        moment: when it happened.
        only: one endpoint, also one that is not called otherwise; None: all that are enabled.
    """
    endpoints = connection.execute(_ENDPOINTS, {"only": only}).scalars().all()
    if not endpoints:
        return 0
    body = {"type": event_type, "timestamp": moment.isoformat(), "data": data}
    parameters = {
        "message_id": f"msg_{uuid4().hex}",
        "subject": subject,
        "event_type": event_type,
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    }
    connection.execute(_MESSAGE, parameters)
    for endpoint_id in endpoints:
        delivery_id = connection.execute(
            _DELIVERY, {"message_id": parameters["message_id"], "endpoint_id": endpoint_id}
        ).scalar_one()
        lock = f"webhook:{endpoint_id}:{subject}"
        defer(connection, TASK, {"delivery_id": delivery_id}, queue=QUEUE, lock=lock)
    return len(endpoints)


def send_test(connection: Connection, endpoint_id: UUID, moment: datetime) -> Delivery:
    """Defers a test message to one endpoint.

    Raises:
        NotFound: there is none of that id.
    """
    require_endpoint(connection, endpoint_id)
    data = {"endpoint_id": str(endpoint_id), "detail": "This is a test. Nothing has happened."}
    # A subject of its own: it waits for no older message, also not for a test that failed.
    tell(connection, TEST_EVENT, f"test:{uuid4()}", data, moment, only=endpoint_id)
    return deliveries(connection, endpoint_id, 1, None).deliveries[0]


def send_again(connection: Connection, delivery_id: int) -> Delivery:
    """Sends a message again now, under the same id: one that was given up or delivered, or that waits.

    It waits for no older message about its subject.

    Raises:
        NotFound: there is no delivery of that number.
    """
    row = connection.execute(_LOCKED, {"delivery_id": delivery_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}. GET /v1/webhooks/{{id}}/deliveries lists them.")
    connection.execute(_PENDING, {"delivery_id": delivery_id})
    lock = f"webhook:{row.endpoint_id}:again:{delivery_id}"
    waiting = {"delivery_id": delivery_id, "lock": lock}
    if row.status != "pending" or not connection.execute(_NOW, waiting).rowcount:
        defer(connection, TASK, {"delivery_id": delivery_id}, queue=QUEUE, lock=lock)
    return _delivery(connection, connection.execute(_ONE, {"delivery_id": delivery_id}).one())


def deliveries(
    connection: Connection,
    endpoint_id: UUID,
    limit: int,
    cursor: str | None,
    status: DeliveryStatus | None = None,
) -> Deliveries:
    """The deliveries to an endpoint, newest first, each with its attempts.

    Raises:
        NotFound: there is no endpoint of that id.
    """
    require_endpoint(connection, endpoint_id)
    newest = MAX_BIGINT if cursor is None else decode_cursor(cursor, 1)[0]
    parameters = {"endpoint_id": endpoint_id, "newest": newest, "status": status, "limit": limit + 1}
    rows = connection.execute(_PAGE, parameters).all()
    following = encode_cursor(rows[limit].delivery_id) if len(rows) > limit else None
    return Deliveries(deliveries=[_delivery(connection, row) for row in rows[:limit]], next=following)


def _delivery(connection: Connection, row: Row[Any]) -> Delivery:
    attempts: Sequence[Row[Any]] = connection.execute(_ATTEMPTS, {"delivery_id": row.delivery_id}).all()
    fields = {name: getattr(row, name) for name in Delivery.model_fields if name != "attempts"}
    made = [Attempt.model_validate(each, from_attributes=True) for each in attempts]
    return Delivery(**fields, attempts=made)


_ENDPOINTS = text("""
    SELECT endpoint_id FROM webhook_endpoints
    WHERE CASE WHEN CAST(:only AS uuid) IS NULL THEN enabled ELSE endpoint_id = :only END ORDER BY endpoint_id
""")
_MESSAGE = text("""
    INSERT INTO webhook_messages (message_id, subject, event_type, body)
    VALUES (:message_id, :subject, :event_type, :body)
""")
_DELIVERY = text("""
    INSERT INTO webhook_deliveries (message_id, endpoint_id, next_attempt_at)
    VALUES (:message_id, :endpoint_id, clock_timestamp()) RETURNING delivery_id
""")
_ONE = text("""
    SELECT d.*, m.subject, m.event_type, m.recorded_at
    FROM webhook_deliveries d JOIN webhook_messages m USING (message_id) WHERE d.delivery_id = :delivery_id
""")
_LOCKED = text("""
    SELECT d.endpoint_id, d.status, m.subject
    FROM webhook_deliveries d JOIN webhook_messages m USING (message_id)
    WHERE d.delivery_id = :delivery_id FOR UPDATE OF d
""")
_PENDING = text("""
    UPDATE webhook_deliveries SET status = 'pending', attempts = 0, delivered_at = NULL,
        next_attempt_at = clock_timestamp()
    WHERE delivery_id = :delivery_id
""")
_NOW = text("""
    UPDATE procrastinate_jobs SET scheduled_at = NULL, lock = :lock
    WHERE status IN ('todo', 'doing') AND task_name = 'deliver' AND args = jsonb_build_object(
        'delivery_id', CAST(:delivery_id AS bigint))
""")
_PAGE = text("""
    SELECT d.*, m.subject, m.event_type, m.recorded_at
    FROM webhook_deliveries d JOIN webhook_messages m USING (message_id)
    WHERE d.endpoint_id = :endpoint_id AND d.delivery_id <= :newest
      AND (CAST(:status AS text) IS NULL OR d.status = :status)
    ORDER BY d.delivery_id DESC LIMIT :limit
""")
_ATTEMPTS = text("SELECT * FROM webhook_attempts WHERE delivery_id = :delivery_id ORDER BY attempt_id")
