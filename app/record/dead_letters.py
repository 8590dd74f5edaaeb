"""Refused messages (dead letters) in the record."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pydantic import Field
from sqlalchemy import Connection, Row, TextClause, text

from app.answers.base import EXAMPLE_TIME, TOTAL, Answer
from app.answers.cursors import NOT_A_CURSOR, decode_cursor, encode_cursor
from app.answers.names import RefusalReason
from app.errors import InvalidInput
from app.record.counts import REFUSED, read_counts
from app.stores.postgres import Postgres

# A series of offsets ends when the topic is made anew: where there is another one, an origin names its own.
MAX_PARSED_BYTES = 16_384
"""A longer message is refused unread, so no hash is in it."""
MAX_SHOWN_CHARACTERS = 2_000
MAX_TOTAL = 10_000
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MAX_MICROS = 10**17
_ORIGIN = """
    concat_ws('/', d.topic, d.partition, d."offset",
        CASE WHEN d.series > 1 OR EXISTS (
            SELECT FROM ingestion_state s
            WHERE (s.topic, s.partition) = (d.topic, d.partition) AND s.series > 1
        ) THEN d.series END) AS origin
"""
COLUMNS = f"""
    {_ORIGIN}, topic, partition, series, "offset", reason, detail, payload_bytes, recorded_at, published_at,
    replayed_at, message_key AS key, payload
"""
"""Of a statement that reads `FROM dead_letters d`."""
_FACTS = f"""
    SELECT {_ORIGIN}, topic, partition, series, "offset", reason, detail, payload_bytes, recorded_at,
           published_at, replayed_at, message_key AS key, substring(payload FOR {MAX_PARSED_BYTES}) AS payload
    FROM dead_letters d
"""  # noqa: S608 - a constant of the code
_MATCHING = """
    (CAST(:topic AS text) IS NULL OR topic = :topic)
    AND (CAST(:partition AS int) IS NULL OR partition = :partition)
    AND (CAST(:key AS bytea) IS NULL OR message_key = :key)
    AND (CAST(:replayed AS boolean) IS NULL OR (replayed_at IS NOT NULL) = :replayed)
    AND recorded_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
    AND recorded_at < coalesce(CAST(:until AS timestamptz), 'infinity')
"""
# From the row that the cursor names on: topics and partitions rise, offsets and times fall.
_PAGE = """
    AND recorded_at <= coalesce(CAST(:after_time AS timestamptz), 'infinity')
    AND (CAST(:after_time AS timestamptz) IS NULL OR recorded_at < :after_time
         OR (topic, partition) > (:after_topic, :after_partition)
         OR ((topic, partition) = (:after_topic, :after_partition) AND "offset" < :after_offset))
    ORDER BY recorded_at DESC, topic, partition, "offset" DESC LIMIT :limit
"""
_LISTED = text(f"{_FACTS} WHERE {_MATCHING} {_PAGE}")
_OF_REASON = text(f"{_FACTS} WHERE reason = :reason AND {_MATCHING} {_PAGE}")  # an index of its own
_COUNT = text(f"""
    SELECT count(*) FROM (
        SELECT FROM dead_letters WHERE (CAST(:reason AS text) IS NULL OR reason = :reason) AND {_MATCHING}
            AND recorded_at <= 'infinity' LIMIT {MAX_TOTAL}
    ) AS counted
""")  # noqa: S608 - constants of this file
_ONE = text(f"""
    {_FACTS} WHERE (topic, partition, "offset") = (:topic, :partition, :offset)
    AND series = coalesce(CAST(:series AS int), series) ORDER BY series DESC LIMIT 1
""")


class RefusedMessage(Answer):
    """A refused message with the beginning of its bytes."""

    origin: str = Field(
        description="TOPIC/PARTITION/OFFSET, and /SERIES where the topic was made anew.",
        examples=["transfers/0/17"],
    )
    topic: str = Field(examples=["transfers"])
    partition: int = Field(examples=[0])
    series: int = Field(description="How often the topic's offsets began anew, from 1.", examples=[1])
    offset: int = Field(examples=[17])
    reason: RefusalReason = Field(examples=["conflict"])
    detail: str
    payload_bytes: int = Field(description="Of the whole message.", examples=[412])
    payload: str = Field(
        description=f"The first {MAX_SHOWN_CHARACTERS} characters; bytes that are no text are escaped.",
        examples=['{"schema_version": 1, …'],
    )
    key: str | None = Field(description="Of the message.", examples=["ethereum:ETH"])
    transaction_hash: str | None = Field(
        description="As the message has it; null where it cannot be read.", examples=["0x…"]
    )
    recorded_at: datetime
    published_at: datetime | None = Field(description="On the topic of dead letters.")
    replayed_at: datetime | None = Field(description="Sent again.")


class DeadLetters(Answer):
    """Refused messages, the latest first, and how many there are of each reason."""

    dead_letters: list[RefusedMessage]
    refused_by_reason: dict[str, int] = Field(
        description="Of all that were ever refused, whatever the filters.", examples=[{"conflict": 1}]
    )
    next: str | None = None
    total: int | None = Field(default=None, description=f"{TOTAL} {MAX_TOTAL}: as many or more.")


DEAD_LETTERS = DeadLetters(
    dead_letters=[
        RefusedMessage(
            origin="transfers/0/17",
            topic="transfers",
            partition=0,
            series=1,
            offset=17,
            reason="conflict",
            detail="Another transfer of this identity is recorded.",
            payload_bytes=412,
            payload='{"schema_version": 1, "chain": "ethereum", …',
            key="ethereum:ETH",
            transaction_hash="0x" + "11" * 32,
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

    origin: str
    topic: str
    partition: int
    series: int
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
    def is_whole(self) -> bool:
        """Whether the record holds all of its bytes."""
        return len(self.payload) == self.payload_bytes

    def facts(self) -> RefusedMessage:
        """The message with the beginning of its bytes."""
        return _refused(self)


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which refused messages are listed; None means any."""

    topic: str | None = None
    partition: int | None = None
    key: str | None = None
    replayed: bool | None = None
    since: datetime | None = None
    until: datetime | None = None

    def parameters(self) -> dict[str, Any]:
        """Those of the statements."""
        return {**asdict(self), "key": None if self.key is None else self.key.encode()}


ALL_LETTERS = DeadLetterFilter()


def list_dead_letters(
    postgres: Postgres,
    *,
    reason: str | None,
    limit: int,
    only: DeadLetterFilter = ALL_LETTERS,
    cursor: str | None = None,
    with_total: bool = False,
) -> DeadLetters:
    """The latest refused messages, of one reason or of all, and how many there are.

    Raises:
        InvalidInput: the text is not a cursor of this list.
    """
    after = None if cursor is None else decode_cursor(cursor, 4)
    filters = {"reason": reason, **only.parameters()}
    with postgres.transaction(snapshot=True) as connection:
        rows = _rows(connection, reason, limit + 1, only, after)
        page = rows[:limit]
        return DeadLetters(
            dead_letters=[_refused(row) for row in page],
            refused_by_reason=refused_by_reason(connection),
            next=_cursor(connection, page[-1]) if len(rows) > limit else None,
            total=connection.execute(_COUNT, filters).scalar_one() if with_total else None,
        )


def latest_refused(connection: Connection, *, reason: str | None, limit: int) -> list[RefusedMessage]:
    """The latest refused messages, of one reason or of all."""
    return [_refused(row) for row in _rows(connection, reason, limit, ALL_LETTERS, None)]


def one_refused(
    connection: Connection, topic: str, partition: int, offset: int, series: int | None = None
) -> RefusedMessage | None:
    """The message that was refused there; no series is the newest one. None when none was."""
    parameters = {"topic": topic, "partition": partition, "offset": offset, "series": series}
    row = connection.execute(_ONE, parameters).first()
    return None if row is None else _refused(row)


def _rows(
    connection: Connection,
    reason: str | None,
    limit: int,
    only: DeadLetterFilter,
    after: list[int] | None,
) -> Sequence[Row[Any]]:
    parameters: dict[str, Any] = {"limit": limit, **only.parameters(), "reason": reason}
    parameters |= {"after_time": None, "after_topic": "", "after_partition": 0, "after_offset": 0}
    if after is not None:
        micros, topic, partition, offset = after
        topics = _topics(connection)
        if not 0 <= topic < len(topics) or abs(micros) > MAX_MICROS:
            raise InvalidInput(NOT_A_CURSOR, name="cursor")
        parameters |= {
            "after_time": EPOCH + timedelta(microseconds=micros),
            "after_topic": topics[topic],
            "after_partition": min(max(partition, 0), 2**31 - 1),
            "after_offset": offset,
        }
    return connection.execute(_LISTED if reason is None else _OF_REASON, parameters).all()


def _cursor(connection: Connection, row: Row[Any]) -> str:
    micros = (row.recorded_at - EPOCH) // timedelta(microseconds=1)
    return encode_cursor(micros, _topics(connection).index(row.topic), row.partition, row.offset)


def _topics(connection: Connection) -> list[str]:
    """The topics that were ever read, in a fixed order: a cursor has numbers alone."""
    return list(connection.execute(_TOPICS).scalars())


def _refused(letter: Any) -> RefusedMessage:  # noqa: ANN401 - a row, or a DeadLetter
    payload, key = bytes(letter.payload or b""), letter.key
    names = RefusedMessage.model_fields.keys() - {"payload", "key", "transaction_hash"}
    return RefusedMessage(
        **{name: getattr(letter, name) for name in names},
        payload=payload.decode(errors="backslashreplace")[:MAX_SHOWN_CHARACTERS],
        key=None if key is None else bytes(key).decode(errors="backslashreplace"),
        transaction_hash=_hash_in(payload),
    )


def _hash_in(payload: bytes) -> str | None:
    try:
        found = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    value = found.get("transaction_hash") if isinstance(found, dict) else None
    return value[:200] if isinstance(value, str) else None


_TOPICS = text("SELECT topic FROM (SELECT DISTINCT topic FROM ingestion_state) AS topics ORDER BY topic")


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
