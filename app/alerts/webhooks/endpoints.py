"""Endpoints of webhooks in the record: added, listed, removed, their secrets rotated."""

import secrets
from base64 import b64encode
from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from app.alerts.webhooks.targets import check_url
from app.answers.webhooks import NewWebhook, Webhook, Webhooks
from app.errors import InvalidInput, NotFound

SECRET_BYTES: Final = 32
OVERLAP: Final = timedelta(hours=24)
"""How long the secret before a rotation signs too."""


def add_endpoint(
    connection: Connection, url: str, description: str, allowed_hosts: Collection[str]
) -> NewWebhook:
    """Records an endpoint with a new secret.

    Raises:
        InvalidInput: it may not be called.
    """
    try:
        check_url(url, allowed_hosts)
    except InvalidInput as exc:
        raise InvalidInput(str(exc), name="url") from exc
    parameters = {"url": url, "description": description, "secret": _new_secret()}
    return NewWebhook.model_validate(connection.execute(_ADD, parameters).one(), from_attributes=True)


def endpoints(connection: Connection) -> Webhooks:
    """All endpoints, without their secrets."""
    rows = connection.execute(_LIST)
    return Webhooks(webhooks=[Webhook.model_validate(row, from_attributes=True) for row in rows])


def remove_endpoint(connection: Connection, endpoint_id: UUID) -> None:
    """Deletes an endpoint with its deliveries.

    Raises:
        NotFound: there is none of that id.
    """
    if not connection.execute(_REMOVE, {"endpoint_id": endpoint_id}).rowcount:
        raise _unknown(endpoint_id)


def rotate_secret(connection: Connection, endpoint_id: UUID) -> NewWebhook:
    """Gives an endpoint a new secret; the one before signs too for a day. It is called again if it was not.

    Raises:
        NotFound: there is none of that id.
    """
    parameters = {"endpoint_id": endpoint_id, "secret": _new_secret(), "overlap": OVERLAP}
    row = connection.execute(_ROTATE, parameters).one_or_none()
    if row is None:
        raise _unknown(endpoint_id)
    return NewWebhook.model_validate(row, from_attributes=True)


def has_enabled(connection: Connection) -> bool:
    """Whether any endpoint is called."""
    return bool(connection.execute(_HAS_ENABLED).scalar())


def require_endpoint(connection: Connection, endpoint_id: UUID) -> None:
    """Returns when there is an endpoint of that id.

    Raises:
        NotFound: there is none.
    """
    if connection.execute(_EXISTS, {"endpoint_id": endpoint_id}).one_or_none() is None:
        raise _unknown(endpoint_id)


def _unknown(endpoint_id: UUID) -> NotFound:
    return NotFound(f"There is no webhook {endpoint_id}. GET /v1/webhooks lists them.")


def _new_secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


_ADD = text("""
    INSERT INTO webhook_endpoints (url, description, secret) VALUES (:url, :description, :secret) RETURNING *
""")
_LIST = text("SELECT * FROM webhook_endpoints ORDER BY recorded_at, endpoint_id")
_REMOVE = text("DELETE FROM webhook_endpoints WHERE endpoint_id = :endpoint_id")
_EXISTS = text("SELECT endpoint_id FROM webhook_endpoints WHERE endpoint_id = :endpoint_id")
_ROTATE = text("""
    UPDATE webhook_endpoints SET secret = :secret, secret_before = secret, enabled = true,
        secret_before_until = clock_timestamp() + CAST(:overlap AS interval)
    WHERE endpoint_id = :endpoint_id RETURNING *
""")
_HAS_ENABLED = text("SELECT EXISTS (SELECT FROM webhook_endpoints WHERE enabled)")
