"""What became of one message of the transfers topic."""

from typing import NamedTuple

from pydantic import Field
from sqlalchemy import Connection, text

from app.answers.base import Answer
from app.answers.names import MessageStatus
from app.domain import Retraction, Transfer
from app.record.dead_letters import DEAD_LETTERS, RefusedMessage, one_refused
from app.record.transfers import TRANSFERS, RecordedTransfer, recorded_transfer


class TopicMessage(NamedTuple):
    """A message as Kafka holds it; its event is None where it breaks the contract."""

    event: Transfer | Retraction | None


class MessageOutcome(Answer):
    """What became of one message of the transfers topic."""

    topic: str = Field(examples=["transfers"])
    partition: int = Field(examples=[0])
    offset: int = Field(examples=[17])
    status: MessageStatus = Field(
        description="`stored`: recorded; `duplicate`: an equal message had been recorded before;"
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
    parameters = {"topic": topic, "partition": partition, "offset": offset}
    series = connection.execute(_SERIES, parameters).first()
    if series is None or offset >= series.next_offset:
        return answer("not_read", "The consumer has not come to it yet: ask again.")
    letter = one_refused(connection, topic, partition, offset, series.series)
    if letter is not None:
        return answer("dead_letter", letter.detail)
    parameters["series"] = series.series
    if connection.execute(_IN_A_HOLE, parameters).scalar():
        return answer("lost", "Kafka deleted it before it was read: send it again.")
    is_duplicate = bool(connection.execute(_IS_DUPLICATE, parameters).scalar())
    is_known = series.duplicates_from is not None and offset >= series.duplicates_from
    transfer = None if message is None else _transfer_of(connection, message.event)
    return answer(
        "duplicate" if is_duplicate else "stored",
        _detail(message, is_duplicate=is_duplicate, is_known=is_known),
        transfer,
    )


def _transfer_of(connection: Connection, event: Transfer | Retraction | None) -> RecordedTransfer | None:
    if not isinstance(event, Transfer):
        return None
    inclusion = event.block_hash or str(event.block_number)
    return recorded_transfer(connection, event.chain, event.transaction_hash, event.transfer_index, inclusion)


def _detail(message: TopicMessage | None, *, is_duplicate: bool, is_known: bool) -> str:
    if message is None:
        what, said = "message", "It was read and not refused."
    else:
        what = "retraction" if isinstance(message.event, Retraction) else "transfer"
        said = f"Its {what} is recorded."
    if is_duplicate:
        said = f"An equal {what} had been recorded before: it stored nothing."
    elif not is_known:
        said += " It was read before duplicates were kept: whether it was the first is not known."
    if message is None:
        said += " Kafka no longer has it, so its transfer is not named."
    return said


_NEXT = text("""
    SELECT next_offset FROM ingestion_state
    WHERE topic = :topic AND partition = :partition AND ended_at IS NULL
""")
_SERIES = text("""
    SELECT series, next_offset, duplicates_from FROM ingestion_state
    WHERE topic = :topic AND partition = :partition AND ended_at IS NULL
""")
_IN_A_HOLE = text("""
    SELECT EXISTS (
        SELECT FROM holes
        WHERE topic = :topic AND partition = :partition AND series = :series
            AND reason = 'retention' AND :offset >= from_offset AND :offset < to_offset
    )
""")
# The duplicates of the batch that had the message begin at its offset or before, and no other's in between.
_IS_DUPLICATE = text("""
    SELECT offsets @> CAST(:offset AS bigint) FROM duplicates
    WHERE topic = :topic AND partition = :partition AND series = :series AND from_offset <= :offset
    ORDER BY from_offset DESC LIMIT 1
""")
