"""Webhooks, as answers: endpoints, and what became of each call."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.answers.alerts import Alert
from app.answers.base import EXAMPLE_TIME, Answer
from app.answers.names import DeliveryStatus

_ID = UUID("8f14e45f-ceea-467f-8fee-d2b0f6a4d2b1")


class Webhook(Answer):
    """Where signed calls go."""

    endpoint_id: UUID = Field(examples=[_ID])
    url: str = Field(examples=["https://desk.example/aml"])
    description: str
    enabled: bool = Field(description="False: nothing is sent, since it answered 410 Gone.")
    recorded_at: datetime
    secret_before_until: datetime | None = Field(
        description="Until then the secret before the last rotation signs too."
    )


class NewWebhook(Webhook):
    """An endpoint with its secret, which is shown this once."""

    secret: str = Field(description="Of Standard Webhooks; keep it.", examples=["whsec_…"])


class Webhooks(Answer):
    """All endpoints, oldest first."""

    webhooks: list[Webhook]


class Attempt(Answer):
    """One call and what was answered."""

    attempted_at: datetime
    status_code: int | None = Field(description="Null: nothing was answered.", examples=[503])
    answer: str = Field(description="The beginning of the answer's body.", examples=["busy"])
    error: str | None = Field(examples=["It did not answer within 15 s."])
    seconds: float = Field(examples=[0.12])


class Delivery(Answer):
    """One message to one endpoint, with every attempt."""

    delivery_id: int = Field(examples=[7])
    message_id: str = Field(description="The `webhook-id` of every attempt.", examples=["msg_2f9c…"])
    event_type: str = Field(examples=["alert.opened"])
    subject: str = Field(examples=["ethereum:0x00000000000000000000000000000000000000aa"])
    status: DeliveryStatus
    recorded_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    attempts: list[Attempt]


class Deliveries(Answer):
    """Deliveries to one endpoint, newest first; `next` is the cursor of the next page."""

    deliveries: list[Delivery]
    next: str | None = None


class CalledCause(Answer):
    """What made an alert, or joined it."""

    cause: str = Field(examples=["flag:sanctions_contact"])
    detail: str = Field(examples=["The flag sanctions_contact is set."])


class CalledAlert(Alert):
    """An alert without its evidence, and the cause that is told."""

    cause: CalledCause


class AlertCall(Answer):
    """The body of a call: something happened to an alert."""

    type: str = Field(description="`alert.opened` or `alert.updated`; more may come.")
    timestamp: datetime
    data: CalledAlert


WEBHOOK = Webhook(
    endpoint_id=_ID,
    url="https://desk.example/aml",
    description="Our desk",
    enabled=True,
    recorded_at=EXAMPLE_TIME,
    secret_before_until=None,
)
NEW_WEBHOOK = NewWebhook(**WEBHOOK.model_dump(), secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")  # noqa: S106
WEBHOOKS = Webhooks(webhooks=[WEBHOOK])
DELIVERY = Delivery(
    delivery_id=7,
    message_id="msg_2f9c1b7e",
    event_type="alert.opened",
    subject="ethereum:0x" + "aa" * 20,
    status="delivered",
    recorded_at=EXAMPLE_TIME,
    next_attempt_at=None,
    delivered_at=EXAMPLE_TIME,
    attempts=[Attempt(attempted_at=EXAMPLE_TIME, status_code=204, answer="", error=None, seconds=0.12)],
)
DELIVERIES = Deliveries(deliveries=[DELIVERY])
