"""What became of one message of the transfers topic."""

from datetime import datetime
from typing import NamedTuple

from pydantic import Field
from sqlalchemy import Connection, text

from app.answers.base import Answer
from app.answers.names import MessageStatus
from app.domain import Retraction, Transfer
from app.record.dead_letters import DEAD_LETTERS, RefusedMessage, one_refused
from app.record.transfers import TRANSFERS, RecordedTransfer, recorded_transfer


class TopicMessage(NamedTuple):
    """A message as Kafka holds it: when it was sent, and its value; None where it breaks the contract."""

    sent_at: datetime
    event: Transfer | Retraction | None


class MessageOutcome(Answer):
    """What became of one message of the transfers topic."""

    topic: str = Field(examples=["transfers"])
    partition: int = Field(examples=[0])
    offset: int = Field(examples=[17])
    status: MessageStatus = Field(
        description="`stored`: recorded; `duplicate`: its transfer was recorded before it was sent;"
        " `dead_letter`: refused; `not_read`: the consumer has not come to it; `lost`: deleted unread."
    )
    detail: str = Field(examples=["Its transfer is recorded."])
    transfer: RecordedTransfer | None = Field(description="Of `stored` and `duplicate`, while Kafka has it.")
    dead_letter: RefusedMessage | None = Field(description="Of `dead_letter`.")


MESSAGE = MessageOutcome(
    topic="transfers",
    partition=0,
    offset=17,
    status="stored",
    detail="Its transfer is recorded.",
    transfer=TRANSFERS.transfers[0].model_copy(update={"way": None}),
    dead_letter=None,
)
REFUSED = MESSAGE.model_copy(
    update={"status": "dead_letter", "transfer": None, "dead_letter": DEAD_LETTERS.dead_letters[0]}
)


def is_read(connection: Connection, topic: str, partition: int, offset: int) -> bool:
    """Whether the consumer has come past the offset."""
    next_offset = connection.execute(_NEXT, {"topic": topic, "partition": partition}).scalar()
    return next_offset is not None and offset < next_offset


def outcome(
    connection: Connection, topic: str, partition: int, offset: int, message: TopicMessage | None
) -> MessageOutcome:
    """What became of a message; `message` None is one that Kafka no longer has, or could not be asked for."""

    def answer(
        status: MessageStatus, detail: str, transfer: RecordedTransfer | None = None
    ) -> MessageOutcome:
        refused = None if status != "dead_letter" else letter
        return MessageOutcome(
            topic=topic,
            partition=partition,
            offset=offset,
            status=status,
            detail=detail,
            transfer=transfer,
            dead_letter=refused,
        )

    letter = None
    if not is_read(connection, topic, partition, offset):
        return answer("not_read", "The consumer has not come to it yet: ask again.")
    parameters = {"topic": topic, "partition": partition, "offset": offset}
    letter = one_refused(
        connection, topic, partition, offset, connection.execute(_SERIES, parameters).scalar()
    )
    if letter is not None:
        return answer("dead_letter", letter.detail)
    if connection.execute(_IN_A_HOLE, parameters).scalar():
        return answer("lost", "Kafka deleted it before it was read: send it again.")
    if message is None:
        return answer(
            "stored", "It was read and not refused. Kafka no longer has it, so its transfer is not named."
        )
    if not isinstance(message.event, Transfer):
        return answer("stored", "Its retraction is recorded.")
    event = message.event
    inclusion = event.block_hash or str(event.block_number)
    transfer = recorded_transfer(
        connection, event.chain, event.transaction_hash, event.transfer_index, inclusion
    )
    if transfer is not None and transfer.recorded_at < message.sent_at:
        return answer("duplicate", "Its transfer had been recorded before it was sent.", transfer)
    return answer("stored", "Its transfer is recorded.", transfer)


_NEXT = text("""
    SELECT next_offset FROM ingestion_state
    WHERE topic = :topic AND partition = :partition AND ended_at IS NULL
""")
_SERIES = text("""
    SELECT series FROM ingestion_state
    WHERE topic = :topic AND partition = :partition AND ended_at IS NULL
""")
_IN_A_HOLE = text("""
    SELECT EXISTS (
        SELECT FROM holes h JOIN ingestion_state s USING (topic, partition, series)
        WHERE h.topic = :topic AND h.partition = :partition AND s.ended_at IS NULL
            AND h.reason = 'retention' AND :offset >= h.from_offset AND :offset < h.to_offset
    )
""")
