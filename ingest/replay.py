"""Refused messages looked at, and sent again once what refused them is mended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, TextClause, text

from app.errors import InvalidInput, NotFound
from app.postgres import Postgres
from app.settings import Settings
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
_WAITING = text(f"""
    SELECT {_COLUMNS} FROM dead_letters
    WHERE replayed_at IS NULL AND (CAST(:reason AS text) IS NULL OR reason = :reason)
    ORDER BY recorded_at, topic, partition, "offset"
""")  # noqa: S608 - a constant of this file
_REPLAYED = text("""
    UPDATE dead_letters SET replayed_at = clock_timestamp()
    WHERE (topic, partition, "offset") = (:topic, :partition, :offset)
""")


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
    return _replay(settings, postgres, [letter])


def replay_all(settings: Settings, postgres: Postgres, *, reason: str | None) -> Replay:
    """Sends again, oldest first, what has not been yet: of one reason, or of all.

    Raises:
        DependencyMissing: Kafka does not take them; calling it again does no harm.
    """
    return _replay(settings, postgres, _read(postgres, _WAITING, reason=reason))


def _replay(settings: Settings, postgres: Postgres, letters: list[DeadLetter]) -> Replay:
    whole = [letter for letter in letters if letter.is_whole]
    if whole:
        produce((letter.payload for letter in whole), settings)  # each keyed by what it says
        with postgres.transaction() as connection:
            connection.execute(_REPLAYED, [_place(letter) for letter in whole])
    return Replay(len(whole), len(letters) - len(whole))


def _read(postgres: Postgres, statement: TextClause, **given: str | int | None) -> list[DeadLetter]:
    with postgres.transaction() as connection:
        return [_letter(row) for row in connection.execute(statement, given)]


def _letter(row: Row[Any]) -> DeadLetter:
    fields = dict(row._mapping)  # noqa: SLF001 - public in SQLAlchemy, underscored to keep names free
    key = None if row.key is None else bytes(row.key)
    return DeadLetter(**{**fields, "key": key, "payload": bytes(row.payload or b"")})


def _place(letter: DeadLetter) -> dict[str, str | int]:
    return {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
