"""Holes: messages of the transfers topic that could not be read, told until somebody says they were seen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import Field
from sqlalchemy import Connection, text

from app.answers.base import EXAMPLE_TIME, TOTAL, Answer
from app.answers.cursors import MAX_BIGINT, decode_cursor, encode_cursor
from app.answers.names import HoleReason
from app.errors import NotFound

MEANINGS: Final[dict[HoleReason, str]] = {
    "retention": "Kafka deleted these messages before they were read: send them again from their source.",
    "topic_made_anew": "The topic was deleted and made anew: what it held from this offset on, if it held "
    "anything, was not read. The new topic is read from its start.",
    "kafka_behind": "Kafka ends before what the record has consumed, as an older backup of Kafka does. These "
    "messages are recorded, and Kafka lost them. All that Kafka holds is read again as new messages; send "
    "again what was sent since the backup, retractions among it.",
}
"""What each reason says, and what to do."""

_COLUMNS = "hole_id, topic, partition, reason, from_offset, to_offset, told_at, seen_at"
_LISTED = text(
    f"SELECT {_COLUMNS} FROM holes WHERE hole_id < :before ORDER BY hole_id DESC LIMIT :limit"  # noqa: S608
)
_UNSEEN = text(
    f"SELECT {_COLUMNS} FROM holes WHERE seen_at IS NULL AND hole_id < :before"  # noqa: S608
    " ORDER BY hole_id DESC LIMIT :limit"
)
_COUNT = text("SELECT count(*) FROM holes WHERE seen_at IS NULL OR CAST(:with_seen AS boolean)")
_ALARM = text("""
    SELECT count(*) AS unseen, min(told_at) AS since,
           coalesce(sum(to_offset - from_offset) FILTER (WHERE reason = 'retention'), 0)::bigint AS messages,
           coalesce(array_agg(DISTINCT reason), '{}') AS reasons
    FROM holes WHERE seen_at IS NULL
""")
_SEEN = text("""
    UPDATE holes SET seen_at = clock_timestamp()
    WHERE seen_at IS NULL AND (CAST(:ids AS bigint[]) IS NULL OR hole_id = ANY(CAST(:ids AS bigint[])))
""")
_KNOWN = text("SELECT hole_id FROM holes WHERE hole_id = ANY(CAST(:ids AS bigint[]))")


class Hole(Answer):
    """Messages of one partition that were not read, from `from_offset` to before `to_offset`."""

    hole_id: int = Field(examples=[1])
    topic: str = Field(examples=["transfers"])
    partition: int = Field(examples=[0])
    reason: HoleReason = Field(examples=["retention"])
    from_offset: int = Field(examples=[100])
    to_offset: int | None = Field(description="Not included; null: not known.", examples=[1_000])
    told_at: datetime
    seen_at: datetime | None = Field(description="When somebody said that it was seen or filled.")


class Holes(Answer):
    """Holes, the latest first."""

    holes: list[Hole]
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


class HoleAlarm(Answer):
    """Holes that nobody has said they have seen."""

    unseen: int = Field(description="How many.", examples=[1])
    messages: int = Field(description="That Kafka deleted before they were read.", examples=[900])
    since: datetime = Field(description="When the first of them was told.")
    text: str = Field(description="What to do.")


HOLES = Holes(
    holes=[
        Hole(
            hole_id=1,
            topic="transfers",
            partition=0,
            reason="retention",
            from_offset=100,
            to_offset=1_000,
            told_at=EXAMPLE_TIME,
            seen_at=None,
        )
    ]
)


def list_holes(
    connection: Connection,
    *,
    with_seen: bool,
    limit: int,
    cursor: str | None = None,
    with_total: bool = False,
) -> Holes:
    """The latest holes: those that nobody has seen, or all.

    Raises:
        InvalidInput: the text is not a cursor of this list.
    """
    before = MAX_BIGINT if cursor is None else decode_cursor(cursor, 1)[0]
    parameters = {"before": before, "limit": limit + 1}
    rows = connection.execute(_LISTED if with_seen else _UNSEEN, parameters).all()
    page = rows[:limit]
    return Holes(
        holes=[Hole.model_validate(row, from_attributes=True) for row in page],
        next=encode_cursor(page[-1].hole_id) if len(rows) > limit else None,
        total=connection.execute(_COUNT, {"with_seen": with_seen}).scalar_one() if with_total else None,
    )


def mark_seen(connection: Connection, hole_ids: Sequence[int] | None) -> int:
    """Says that holes were seen or filled: those, or all for None.

    Returns:
        How many had not been seen before.

    Raises:
        NotFound: there is no such hole.
    """
    ids = None if hole_ids is None else list(hole_ids)
    if ids is not None:
        known = set(connection.execute(_KNOWN, {"ids": ids}).scalars())
        if unknown := sorted(set(ids) - known):
            raise NotFound(f"There is no hole {unknown[0]}: see `aml holes list --all`.")
    return connection.execute(_SEEN, {"ids": ids}).rowcount


def hole_alarm(connection: Connection) -> HoleAlarm | None:
    """The alarm, or None when every hole was seen."""
    row = connection.execute(_ALARM).one()
    if not row.unseen:
        return None
    told = "1 hole was" if row.unseen == 1 else f"{row.unseen} holes were"
    return HoleAlarm(
        unseen=row.unseen,
        messages=row.messages,
        since=row.since,
        text=f"{told} told in what was read from Kafka ({', '.join(row.reasons)}); {row.messages} messages "
        "were deleted before they were read. See `aml holes list`; `aml holes seen` ends this alarm.",
    )
