"""The transfers topic as routes use it; `app.server.topic` is it, since the application knows no producer."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from pydantic import Field

from app.answers.base import Answer
from app.answers.names import PublishStatus, RefusalReason
from app.record.messages import TopicMessage


class PublishedEvent(Answer):
    """What became of one event of a request, in the order of the request."""

    status: PublishStatus
    partition: int | None = Field(description="Where it is on the topic; null when refused.", examples=[0])
    offset: int | None = Field(examples=[17])
    reason: RefusalReason | None = Field(
        description="Why it was refused: docs/event.md says what each means.", examples=[None]
    )
    detail: str | None = Field(examples=[None])


class TransferTopic(Protocol):
    """Sends to the topic and reads from it."""

    def publish(self, events: Sequence[object], repeating: Collection[int] = ()) -> list[PublishedEvent]:
        """Sends the events that keep the contract, and says of each where it is or why it was refused.

        `repeating` are the places of events whose text wrote a field twice; they are refused.

        Raises:
            DependencyMissing: Kafka does not take them.
        """

    def read(self, partition: int, offset: int) -> TopicMessage | None:
        """One message; None where Kafka no longer has it.

        Raises:
            NotFound: there is no such partition, or no message at the offset yet.
            DependencyMissing: Kafka does not answer.
        """

    def replay(self, topic: str, partition: int, offset: int, series: int | None) -> None:
        """Sends a refused message again.

        Raises:
            NotFound: none was refused there.
            InvalidInput: the record holds only a part of it.
            DependencyMissing: Kafka does not take it.
        """

    def contract(self) -> Mapping[str, Mapping[str, Any]]:
        """The documents of the contract by name: JSON Schemas, and AsyncAPI."""
