"""Refused messages looked at, and sent again once what refused them is mended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, TextClause, text

from app.errors import InvalidInput, NotFound
from app.postgres import Postgres
from app.settings import Settings
from app.status import refused_by_reason
from ingest.dead_letters import Origin
from ingest.producer import produce

_COLUMNS = """
    topic, partition, "offset", reason, detail, payload_bytes, recorded_at, published_at, replayed_at,
    message_key AS key, payload
"""
_LISTED = text(f"""
    SELECT {_COLUMNS} FROM dead_letters WHERE CAST(:reason AS text) IS NULL OR reason = :reason
    ORDER BY recorded_at DESC, topic, partition, "offset" DESC LIMIT :limit
""")  # noqa: S608 - a constant of this file
_ONE = text(f"""
    SELECT {_COLUMNS} FROM dead_letters WHERE (topic, partition, "offset") = (:topic, :partition, :offset)
""")  # noqa: S608 - a constant of this file
# Only what was refused before the replay began: what is refused again meanwhile would come back for ever.
_WAITING = """
    FROM dead_letters WHERE replayed_at IS NULL AND recorded_at <= :before
    AND (CAST(:reason AS text) IS NULL OR reason = :reason)
"""
_PAGE = text(f"""
    SELECT {_COLUMNS} {_WAITING} AND octet_length(payload) = payload_bytes
    ORDER BY recorded_at, topic, partition, "offset" LIMIT :limit
""")
_TO_REPLAY = text(f"""
    SELECT count(*) FILTER (WHERE octet_length(payload) = payload_bytes) AS whole,
           count(*) FILTER (WHERE octet_length(payload) < payload_bytes) AS truncated {_WAITING}
""")
_REPLAYED = text("""
    UPDATE dead_letters SET replayed_at = clock_timestamp()
    WHERE (topic, partition, "offset") = (:topic, :partition, :offset)
""")


PAGE_MESSAGES = 500
"""Read and sent at a time: at most 32 MiB."""


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
        """The record holds all of its bytes."""
        return len(self.payload) == self.payload_bytes


@dataclass(frozen=True, slots=True)
class Replay:
    """How many messages were sent again, and how many the record does not hold whole."""

    replayed: int
    truncated: int


def parse_origin(written: str) -> Origin:
    """The origin written as TOPIC/PARTITION/OFFSET.

    Raises:
        InvalidInput: it is written otherwise.
    """
    topic, _, rest = written.partition("/")
    partition, _, offset = rest.partition("/")
    if not (topic and partition.isdecimal() and offset.isdecimal()):
        raise InvalidInput(
            f"{written!r} is no origin: write TOPIC/PARTITION/OFFSET as `aml dead-letters list` does."
        )
    return topic, int(partition), int(offset)


def list_dead_letters(postgres: Postgres, *, reason: str | None, limit: int) -> list[DeadLetter]:
    """The latest refused messages, of one reason or of all."""
    return _read(postgres, _LISTED, reason=reason, limit=limit)


def dead_letters_by_reason(postgres: Postgres) -> dict[str, int]:
    """How many messages have been refused for each reason, the most frequent first."""
    with postgres.transaction() as connection:
        return refused_by_reason(connection)


def find_dead_letter(postgres: Postgres, origin: Origin) -> DeadLetter:
    """The message refused at that place.

    Raises:
        NotFound: none was.
    """
    topic, partition, offset = origin
    found = _read(postgres, _ONE, topic=topic, partition=partition, offset=offset)
    if not found:
        raise NotFound(
            f"No message was refused at {topic}/{partition}/{offset}: see `aml dead-letters list`."
        )
    return found[0]


def replay_one(settings: Settings, postgres: Postgres, origin: Origin) -> Replay:
    """Sends one message again as it was, whether or not it has been already.

    Raises:
        NotFound: no message was refused there.
        InvalidInput: the record holds only a part of it.
        DependencyMissing: Kafka does not take it.
    """
    letter = find_dead_letter(postgres, origin)
    if not letter.is_whole:
        raise InvalidInput(
            f"{letter.origin} has {letter.payload_bytes} bytes and the record keeps the first "
            f"{len(letter.payload)}: it would be refused again as too large. All of it is on the topic "
            f"{settings.dead_letter_topic}."
        )
    _send(settings, postgres, [letter])
    return Replay(1, 0)


def replay_all(
    settings: Settings,
    postgres: Postgres,
    *,
    reason: str | None,
    progress: Callable[[int, int], None] | None = None,
) -> Replay:
    """Sends again, oldest first, what has not been yet: of one reason, or of all; a page at a time.

    `progress` is called with the number sent and their total.

    Raises:
        DependencyMissing: Kafka does not take them; calling it again goes on from there.
    """
    with postgres.transaction() as connection:
        before = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        waiting = connection.execute(_TO_REPLAY, {"before": before, "reason": reason}).one()
    replayed = 0
    while page := _read(postgres, _PAGE, before=before, reason=reason, limit=PAGE_MESSAGES):
        _send(settings, postgres, page)
        replayed += len(page)
        if progress is not None:
            progress(replayed, waiting.whole)
    return Replay(replayed, waiting.truncated)


def _send(settings: Settings, postgres: Postgres, letters: list[DeadLetter]) -> None:
    produce((letter.payload for letter in letters), settings)  # each keyed by what it says
    with postgres.transaction() as connection:
        connection.execute(_REPLAYED, [_place(letter) for letter in letters])


def _read(
    postgres: Postgres, statement: TextClause, **given: str | int | datetime | None
) -> list[DeadLetter]:
    with postgres.transaction() as connection:
        return [_letter(row) for row in connection.execute(statement, given)]


def _letter(row: Row[Any]) -> DeadLetter:
    fields = dict(row._mapping)  # noqa: SLF001 - public in SQLAlchemy, underscored to keep names free
    key = None if row.key is None else bytes(row.key)
    return DeadLetter(**{**fields, "key": key, "payload": bytes(row.payload or b"")})


def _place(letter: DeadLetter) -> dict[str, str | int]:
    return {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
