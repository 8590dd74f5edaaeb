"""Sends refused messages again, after their cause is mended."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text

from app.errors import InvalidInput, NotFound
from app.record.dead_letters import COLUMNS, DeadLetter, read_dead_letters
from app.settings import Settings
from app.stores.postgres import Postgres
from ingest.kafka.dead_letters import Origin
from ingest.kafka.producer import produce

_ONE = text(f"""
    SELECT {COLUMNS} FROM dead_letters WHERE (topic, partition, "offset") = (:topic, :partition, :offset)
""")  # noqa: S608 - a constant of the code
# Only messages refused before the replay began: one that is refused again would be replayed without end.
_NOT_REPLAYED = """
    FROM dead_letters WHERE replayed_at IS NULL AND recorded_at <= :before
    AND (CAST(:reason AS text) IS NULL OR reason = :reason)
"""
_PAGE = text(f"""
    SELECT {COLUMNS} {_NOT_REPLAYED} AND octet_length(payload) = payload_bytes
    ORDER BY recorded_at, topic, partition, "offset" LIMIT :limit
""")
_TO_REPLAY = text(f"""
    SELECT count(*) FILTER (WHERE octet_length(payload) = payload_bytes) AS whole,
           count(*) FILTER (WHERE octet_length(payload) < payload_bytes) AS truncated {_NOT_REPLAYED}
""")
_REPLAYED = text("""
    UPDATE dead_letters SET replayed_at = clock_timestamp()
    WHERE (topic, partition, "offset") = (:topic, :partition, :offset)
""")


PAGE_MESSAGES = 500
"""Read and sent at a time: at most 32 MiB."""


@dataclass(frozen=True, slots=True)
class Replay:
    """How many messages were sent again, and how many were not, since the record holds only a part."""

    replayed: int
    truncated: int


def parse_origin(value: str) -> Origin:
    """The origin that is written as TOPIC/PARTITION/OFFSET.

    Raises:
        InvalidInput: it is written otherwise.
    """
    topic, _, rest = value.partition("/")
    partition, _, offset = rest.partition("/")
    if not (topic and partition.isdecimal() and offset.isdecimal()):
        raise InvalidInput(
            f"{value!r} is no origin: write TOPIC/PARTITION/OFFSET as `aml dead-letters list` does."
        )
    return topic, int(partition), int(offset)


def find_dead_letter(postgres: Postgres, origin: Origin) -> DeadLetter:
    """The message that was refused at that origin.

    Raises:
        NotFound: none was refused there.
    """
    topic, partition, offset = origin
    letters = read_dead_letters(postgres, _ONE, topic=topic, partition=partition, offset=offset)
    if not letters:
        raise NotFound(
            f"No message was refused at {topic}/{partition}/{offset}: see `aml dead-letters list`."
        )
    return letters[0]


def replay_one(settings: Settings, postgres: Postgres, origin: Origin) -> Replay:
    """Sends one message again as it was, even if it has been sent again before.

    Raises:
        NotFound: no message was refused there.
        InvalidInput: the record holds only a part of it.
        DependencyMissing: Kafka does not take it.
    """
    letter = find_dead_letter(postgres, origin)
    if not letter.is_whole:
        raise InvalidInput(
            f"{letter.origin} has {letter.payload_bytes} bytes and the record keeps the first "
            f"{len(letter.payload)}: it would be refused again as too large. The topic "
            f"{settings.dead_letter_topic} has the whole of messages up to 12 MiB."
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
    """Sends again, oldest first, the messages that have not been: of one reason, or all; page by page.

    `progress` is called with the number sent and their total.

    Raises:
        DependencyMissing: Kafka does not take them; another call continues from there.
    """
    with postgres.transaction() as connection:
        before = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        counts = connection.execute(_TO_REPLAY, {"before": before, "reason": reason}).one()
    replayed = 0
    while page := read_dead_letters(postgres, _PAGE, before=before, reason=reason, limit=PAGE_MESSAGES):
        _send(settings, postgres, page)
        replayed += len(page)
        if progress is not None:
            progress(replayed, counts.whole)
    return Replay(replayed, counts.truncated)


def _send(settings: Settings, postgres: Postgres, letters: list[DeadLetter]) -> None:
    produce((letter.payload for letter in letters), settings)  # each is keyed by its content
    with postgres.transaction() as connection:
        connection.execute(_REPLAYED, [_parameters(letter) for letter in letters])


def _parameters(letter: DeadLetter) -> dict[str, str | int]:
    return {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
