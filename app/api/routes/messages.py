"""Messages of the transfers topic: publishing some, what became of one, and those that were refused."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.answers.cursors import MAX_BIGINT
from app.answers.events import RETRACTION_EVENT, TRANSFER_EVENT
from app.answers.names import RefusalReason
from app.api.dependencies import AppServices
from app.api.list_cursor import Cursor
from app.api.params import DEFAULT_LIMIT, PLAIN_TEXT, Limit, Since, Until, WithTotal
from app.api.repeated_fields import RepeatingEvents
from app.api.responses import errors, example
from app.api.topic import PublishedEvent
from app.errors import NotFound
from app.record import dead_letters
from app.record.dead_letters import DEAD_LETTERS, DeadLetterFilter, DeadLetters, RefusedMessage, one_refused
from app.record.messages import MESSAGE, MessageOutcome, is_read, outcome

router = APIRouter(tags=["messages"])

MAX_EVENTS = 1_000
Partition = Annotated[int, Path(ge=0, le=2**31 - 1)]
Offset = Annotated[int, Path(ge=0, le=MAX_BIGINT)]
Topic = Annotated[str, Path(max_length=249, pattern=r"^[a-zA-Z0-9._-]+$")]
Series = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Null: the newest.")]
NO_LETTER = "No message was refused at {}/{}/{}: GET /v1/dead-letters lists them."


Event = Annotated[Any, WithJsonSchema({"type": "object", "additionalProperties": True})]
"""Looked at by itself: one that is no object refuses itself alone."""


class EventsRequest(BaseModel):
    """Events of the contract, which is at `/v1/contract/transfer`; retractions may be among them."""

    model_config = ConfigDict(extra="forbid")
    transfers: list[Event] = Field(
        min_length=1,
        max_length=MAX_EVENTS,
        description="Each is looked at by itself: one that breaks the contract is refused, the others sent.",
        examples=[[TRANSFER_EVENT, RETRACTION_EVENT]],
    )


class PublishedEvents(BaseModel):
    """How many events were sent to the topic, and what became of each."""

    published: int = Field(examples=[1])
    refused: int = Field(examples=[0])
    results: list[PublishedEvent] = Field(description="In the order of the request.")


_SENT = PublishedEvent(status="published", partition=0, offset=17, reason=None, detail=None)
_PUBLISHED = PublishedEvents(published=1, refused=0, results=[_SENT])


@router.post("/transfers", responses=example(200, _PUBLISHED))
def publish_transfers(
    services: AppServices, request: EventsRequest, repeating: RepeatingEvents
) -> PublishedEvents:
    """Sends transfers to the topic, as a producer does, and answers when Kafka has acknowledged them.

    `GET /v1/messages/{partition}/{offset}` says what became of each. Sending one again does no harm.
    """
    results = services.topic.publish(request.transfers, repeating)
    published = sum(each.status == "published" for each in results)
    return PublishedEvents(published=published, refused=len(results) - published, results=results)


@router.get("/messages/{partition}/{offset}", responses=example(200, MESSAGE) | errors(404))
def get_message_outcome(services: AppServices, partition: Partition, offset: Offset) -> MessageOutcome:
    """What became of the message at this place of the transfers topic."""
    topic = services.settings.transfers_topic
    with services.postgres.transaction(snapshot=True) as connection:
        letter = one_refused(connection, topic, partition, offset)
        if letter is not None and is_read(connection, topic, partition, offset):
            return outcome(connection, topic, partition, offset, None)
    message = services.topic.read(partition, offset)
    with services.postgres.transaction(snapshot=True) as connection:
        return outcome(connection, topic, partition, offset, message)


@router.get("/dead-letters", responses=example(200, DEAD_LETTERS))
def list_dead_letters(
    services: AppServices,
    *,
    reason: Annotated[RefusalReason | None, Query(description="Only messages of this reason.")] = None,
    topic: Annotated[
        str | None, Query(max_length=249, pattern=PLAIN_TEXT, description="Only of this topic.")
    ] = None,
    partition: Annotated[int | None, Query(ge=0, le=2**31 - 1, description="Only of this one.")] = None,
    key: Annotated[
        str | None, Query(max_length=200, pattern=PLAIN_TEXT, description="Only messages with this key.")
    ] = None,
    replayed: Annotated[bool | None, Query(description="Only those that were sent again, or not.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> DeadLetters:
    """The latest refused messages with origin, reason and the beginning of their bytes.

    `from` and `to` are of their recording; `next` belongs to the same filters: send them again with it.
    """
    only = DeadLetterFilter(
        topic=topic, partition=partition, key=key, replayed=replayed, since=since, until=until
    )
    return dead_letters.list_dead_letters(
        services.postgres, reason=reason, limit=limit, only=only, cursor=cursor, with_total=with_total
    )


@router.get(
    "/dead-letters/{topic}/{partition}/{offset}",
    responses=example(200, DEAD_LETTERS.dead_letters[0]) | errors(404),
)
def get_dead_letter(
    services: AppServices, topic: Topic, partition: Partition, offset: Offset, *, series: Series = None
) -> RefusedMessage:
    """One refused message."""
    with services.postgres.transaction() as connection:
        letter = one_refused(connection, topic, partition, offset, series)
    if letter is None:
        raise NotFound(NO_LETTER.format(topic, partition, offset))
    return letter


@router.post(
    "/dead-letters/{topic}/{partition}/{offset}/replay",
    responses=example(200, DEAD_LETTERS.dead_letters[0]) | errors(404),
)
def replay_dead_letter(
    services: AppServices, topic: Topic, partition: Partition, offset: Offset, *, series: Series = None
) -> RefusedMessage:
    """Sends a refused message again as it was, after its cause is mended; `replayed_at` says when."""
    services.topic.replay(topic, partition, offset, series)
    return get_dead_letter(services, topic, partition, offset, series=series)
