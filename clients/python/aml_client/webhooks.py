"""Endpoints that are told of alerts. What arrives there is verified by a library of Standard Webhooks."""

from collections.abc import Iterator
from uuid import UUID

from aml_client.models import Deliveries, Delivery, NewWebhook, Removed, Webhook, WebhookRequest
from aml_client.models import Webhooks as WebhookList
from aml_client.transport import Transport


class Webhooks:
    """The webhooks of an instance: `client.webhooks`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(self, url: str, *, description: str = "") -> NewWebhook:
        """Adds an endpoint. Its secret is shown this once, so the request is not repeated by itself."""
        body = WebhookRequest(url=url, description=description)
        return self._transport.ask(NewWebhook, "POST", "/v1/webhooks", body=body, is_repeatable=False)

    def list(self) -> list[Webhook]:
        """All endpoints, oldest first."""
        return self._transport.ask(WebhookList, "GET", "/v1/webhooks").webhooks

    def remove(self, endpoint_id: UUID | str) -> Removed:
        """Calls it no longer."""
        return self._transport.ask(Removed, "DELETE", f"/v1/webhooks/{UUID(str(endpoint_id))}")

    def rotate(self, endpoint_id: UUID | str) -> NewWebhook:
        """A new secret; for a day each call has a signature of both. Not repeated by itself either."""
        path = f"/v1/webhooks/{UUID(str(endpoint_id))}/rotate"
        return self._transport.ask(NewWebhook, "POST", path, is_repeatable=False)

    def test(self, endpoint_id: UUID | str) -> Delivery:
        """Sends a test call, and says what was answered."""
        path = f"/v1/webhooks/{UUID(str(endpoint_id))}/test"
        return self._transport.ask(Delivery, "POST", path, is_repeatable=False)

    def deliveries(self, endpoint_id: UUID | str, *, status: str | None = None) -> Iterator[Delivery]:
        """What was sent to it, newest first, with every attempt."""
        cursor = None
        while True:
            page = self._transport.ask(
                Deliveries,
                "GET",
                f"/v1/webhooks/{UUID(str(endpoint_id))}/deliveries",
                query={"status": status, "cursor": cursor},
            )
            yield from page.deliveries
            cursor = page.next
            if cursor is None:
                return

    def replay(self, delivery_id: int) -> Delivery:
        """Sends a message again now, under the same `webhook-id`."""
        return self._transport.ask(Delivery, "POST", f"/v1/webhooks/deliveries/{delivery_id}/replay")
