"""Refused messages (dead letters) in the record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import Connection, Row, TextClause, text

from app.answers.base import EXAMPLE_TIME, Answer
from app.record.counts import REFUSED, read_counts
from app.stores.postgres import Postgres

COLUMNS = """
    topic, partition, "offset", reason, detail, payload_bytes, recorded_at, published_at, replayed_at,
    message_key AS key, payload
"""
_FACTS = """
    SELECT concat_ws('/', topic, partition, "offset") AS origin, reason, detail, payload_bytes, recorded_at,
           published_at, replayed_at
    FROM dead_letters
"""
_LATEST = """ORDER BY recorded_at DESC, topic, partition, "offset" DESC LIMIT :limit"""
_LISTED = text(f"{_FACTS} {_LATEST}")
_OF_REASON = text(f"{_FACTS} WHERE reason = :reason {_LATEST}")  # an index of its own


class RefusedMessage(Answer):
    """A refused message without its bytes."""

    origin: str = Field(description="TOPIC/PARTITION/OFFSET.", examples=["transfers/0/17"])
    reason: str = Field(examples=["conflict"])
    detail: str
    payload_bytes: int = Field(examples=[412])
    recorded_at: datetime
    published_at: datetime | None = Field(description="On the topic of dead letters.")
    replayed_at: datetime | None = Field(description="Sent again.")


class DeadLetters(Answer):
    """Refused messages, the latest first, and how many there are of each reason."""

    dead_letters: list[RefusedMessage]
    refused_by_reason: dict[str, int] = Field(examples=[{"conflict": 1}])


DEAD_LETTERS = DeadLetters(
    dead_letters=[
        RefusedMessage(
            origin="transfers/0/17",
            reason="conflict",
            detail="Another transfer of this identity is recorded.",
            payload_bytes=412,
            recorded_at=EXAMPLE_TIME,
            published_at=EXAMPLE_TIME,
            replayed_at=None,
        )
    ],
    refused_by_reason={"conflict": 1},
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused message; `payload` holds its first 64 KiB, `payload_bytes` is its whole length."""

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    payload_bytes: int
    recorded_at: datetime
    published_at: datetime | None
    replayed_at: datetime | None
    key: bytes | None
    payload: bytes

    @property
    def origin(self) -> str:
        """Where it came from, as TOPIC/PARTITION/OFFSET."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def is_whole(self) -> bool:
        """Whether the record holds all of its bytes."""
        return len(self.payload) == self.payload_bytes

    def facts(self) -> RefusedMessage:
        """The message without its bytes."""
        return RefusedMessage.model_validate(self, from_attributes=True)


def list_dead_letters(postgres: Postgres, *, reason: str | None, limit: int) -> DeadLetters:
    """The latest refused messages, of one reason or of all, and how many there are."""
    with postgres.transaction(snapshot=True) as connection:
        return DeadLetters(
            dead_letters=latest_refused(connection, reason=reason, limit=limit),
            refused_by_reason=refused_by_reason(connection),
        )


def latest_refused(connection: Connection, *, reason: str | None, limit: int) -> list[RefusedMessage]:
    """The latest refused messages, of one reason or of all; their bytes are not read."""
    rows = (
        connection.execute(_LISTED, {"limit": limit})
        if reason is None
        else connection.execute(_OF_REASON, {"reason": reason, "limit": limit})
    )
    return [RefusedMessage.model_validate(row, from_attributes=True) for row in rows]


def refused_by_reason(connection: Connection) -> dict[str, int]:
    """How many messages have been refused for each reason, the most frequent first."""
    counts = read_counts(connection).items()
    refused = {name.removeprefix(REFUSED): value for name, value in counts if name.startswith(REFUSED)}
    return dict(sorted(refused.items(), key=lambda item: (-item[1], item[0])))


def read_dead_letters(
    postgres: Postgres, statement: TextClause, **parameters: str | int | datetime | None
) -> list[DeadLetter]:
    """The messages that a statement selecting `COLUMNS` returns."""
    with postgres.transaction() as connection:
        return [_dead_letter(row) for row in connection.execute(statement, parameters)]


def _dead_letter(row: Row[Any]) -> DeadLetter:
    fields = dict(row._mapping)  # noqa: SLF001 - public in SQLAlchemy, underscored to keep names free
    key = None if row.key is None else bytes(row.key)
    return DeadLetter(**{**fields, "key": key, "payload": bytes(row.payload or b"")})
