"""The alarm of too many refused messages in a row: the producer, or this program, is wrong."""

from datetime import datetime

from pydantic import Field
from sqlalchemy import Connection, text

from app.answers.base import Answer
from app.answers.names import RefusalReason

_IN_A_ROW = text("SELECT in_a_row, reason, since FROM refusals")


class DeadLetterAlarm(Answer):
    """As many messages as the ceiling, or more, were refused since the last good one."""

    refused_in_a_row: int = Field(examples=[1_200])
    ceiling: int = Field(description="AML_DEAD_LETTER_CEILING.", examples=[1_000])
    reason: RefusalReason = Field(description="Of the last one.", examples=["not_json"])
    since: datetime = Field(description="When the first of them was refused.")
    text: str = Field(description="What to do.")


def refused_in_a_row(connection: Connection) -> int:
    """How many messages have been refused since the last good one."""
    return int(connection.execute(_IN_A_ROW).one().in_a_row)


def dead_letter_alarm(connection: Connection, ceiling: int) -> DeadLetterAlarm | None:
    """The alarm, or None while fewer messages in a row are refused."""
    row = connection.execute(_IN_A_ROW).one()
    if row.in_a_row < ceiling:
        return None
    return DeadLetterAlarm(
        refused_in_a_row=row.in_a_row,
        ceiling=ceiling,
        reason=row.reason,
        since=row.since,
        text=f"{row.in_a_row} messages in a row were refused, the last because of {row.reason}. "
        "Look at them with `aml dead-letters list` and mend the producer; ingestion goes on.",
    )
