"""Webhooks: where alerts are told, and what became of each call."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from app.alerts.webhooks.endpoints import add_endpoint, endpoints, remove_endpoint, rotate_secret
from app.alerts.webhooks.messages import deliveries, send_again, send_test
from app.alerts.webhooks.targets import MAX_URL_LENGTH
from app.answers.cursors import MAX_BIGINT
from app.answers.names import DeliveryStatus
from app.answers.webhooks import (
    DELIVERIES,
    DELIVERY,
    NEW_WEBHOOK,
    WEBHOOKS,
    Deliveries,
    Delivery,
    NewWebhook,
    Webhooks,
)
from app.api.dependencies import AppServices
from app.api.list_cursor import Cursor
from app.api.params import DEFAULT_LIMIT, PLAIN_TEXT, Limit
from app.api.responses import errors, example
from app.stores.postgres import now

router = APIRouter(tags=["webhooks"])
EndpointId = Annotated[UUID, Path(description="Of `GET /v1/webhooks`.")]
DeliveryId = Annotated[int, Path(ge=1, le=MAX_BIGINT)]


class WebhookRequest(BaseModel):
    """Where signed calls shall go."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(
        max_length=MAX_URL_LENGTH,
        description="https and public; hosts of `AML_WEBHOOK_ALLOWED_HOSTS` may be neither.",
        examples=["https://desk.example/aml"],
    )
    description: str = Field(default="", max_length=500, pattern=PLAIN_TEXT, examples=["Our desk"])


class Removed(BaseModel):
    """How many there were."""

    removed: int = Field(examples=[1])


@router.post("/webhooks", responses=example(200, NEW_WEBHOOK))
def add_webhook(services: AppServices, request: WebhookRequest) -> NewWebhook:
    """Adds an endpoint; its secret is in this answer and in no other."""
    hosts = services.settings.webhook_hosts
    with services.postgres.transaction() as connection:
        return add_endpoint(connection, request.url, request.description, hosts)


@router.get("/webhooks", responses=example(200, WEBHOOKS))
def list_webhooks(services: AppServices) -> Webhooks:
    """All endpoints, oldest first."""
    with services.postgres.transaction() as connection:
        return endpoints(connection)


@router.delete("/webhooks/{endpoint_id}", responses=example(200, Removed(removed=1)) | errors(404))
def remove_webhook(services: AppServices, endpoint_id: EndpointId) -> Removed:
    """Removes an endpoint with its deliveries; what waits is not sent."""
    with services.postgres.transaction() as connection:
        remove_endpoint(connection, endpoint_id)
    return Removed(removed=1)


@router.post("/webhooks/{endpoint_id}/rotate", responses=example(200, NEW_WEBHOOK) | errors(404))
def rotate_webhook_secret(services: AppServices, endpoint_id: EndpointId) -> NewWebhook:
    """A new secret; for a day every call carries a signature of the one before too."""
    with services.postgres.transaction() as connection:
        return rotate_secret(connection, endpoint_id)


@router.post("/webhooks/{endpoint_id}/test", responses=example(200, DELIVERY) | errors(404))
def test_webhook(services: AppServices, endpoint_id: EndpointId) -> Delivery:
    """Sends a test message; `GET /v1/webhooks/{endpoint_id}/deliveries` says what was answered."""
    with services.postgres.transaction() as connection:
        return send_test(connection, endpoint_id, now(connection))


@router.get("/webhooks/{endpoint_id}/deliveries", responses=example(200, DELIVERIES) | errors(404))
def list_webhook_deliveries(
    services: AppServices,
    endpoint_id: EndpointId,
    *,
    status: Annotated[DeliveryStatus | None, Query(description="Only deliveries in this state.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Deliveries:
    """The messages to an endpoint, newest first, with every attempt and its answer."""
    with services.postgres.transaction(snapshot=True) as connection:
        return deliveries(connection, endpoint_id, limit, cursor, status)


@router.post("/webhooks/deliveries/{delivery_id}/replay", responses=example(200, DELIVERY) | errors(404))
def replay_delivery(services: AppServices, delivery_id: DeliveryId) -> Delivery:
    """Sends a message again now, under the same `webhook-id`: also one that was delivered or given up."""
    with services.postgres.transaction() as connection:
        return send_again(connection, delivery_id)
