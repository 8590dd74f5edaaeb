"""Sends refused messages again, after their cause is mended."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import text

from app.errors import InvalidInput, NotFound
from app.record.dead_letters import COLUMNS, DeadLetter, read_dead_letters
from app.settings import Settings
from app.stores.postgres import Postgres
from ingest.kafka.producer import produce

_ONE = text(f"""
    SELECT {COLUMNS} FROM dead_letters d
    WHERE (topic, partition, "offset") = (:topic, :partition, :offset)
    AND series = coalesce(CAST(:series AS int), series) ORDER BY series DESC LIMIT 1
""")  # noqa: S608 - a constant of the code
# Only messages refused before the replay began: one that is refused again would be replayed without end.
_NOT_REPLAYED = """
    FROM dead_letters d WHERE replayed_at IS NULL AND recorded_at <= :before
    AND (CAST(:reason AS text) IS NULL OR reason = :reason)
"""
_PAGE = text(f"""
    SELECT {COLUMNS} {_NOT_REPLAYED} AND octet_length(payload) = payload_bytes
    ORDER BY recorded_at, topic, partition, "offset", series LIMIT :limit
""")
_TO_REPLAY = text(f"""
    SELECT count(*) FILTER (WHERE octet_length(payload) = payload_bytes) AS whole,
           count(*) FILTER (WHERE octet_length(payload) < payload_bytes) AS truncated {_NOT_REPLAYED}
""")
_REPLAYED = text("""
    UPDATE dead_letters SET replayed_at = clock_timestamp()
    WHERE (topic, partition, series, "offset") = (:topic, :partition, :series, :offset)
""")


_ORIGIN = re.compile(
    r"(?P<topic>[^/]+)/(?P<partition>[0-9]{1,9})/(?P<offset>[0-9]{1,18})(?:/(?P<series>[0-9]{1,9}))?"
)
PAGE_MESSAGES = 500
"""Read and sent at a time: at most 32 MiB."""


@dataclass(frozen=True, slots=True)
class Replay:
    """How many messages were sent again, and how many were not, since the record holds only a part."""

    replayed: int
    truncated: int


class NamedOrigin(NamedTuple):
    """An origin as a person writes it; no series is the newest one."""

    topic: str
    partition: int
    offset: int
    series: int | None

    def __str__(self) -> str:
        series = "" if self.series is None else f"/{self.series}"
        return f"{self.topic}/{self.partition}/{self.offset}{series}"


def parse_origin(value: str) -> NamedOrigin:
    """The origin that is written as TOPIC/PARTITION/OFFSET, or with /SERIES behind it.

    Raises:
        InvalidInput: it is written otherwise.
    """
    if not (match := _ORIGIN.fullmatch(value)):
        raise InvalidInput(
            f"{value!r} is no origin: write TOPIC/PARTITION/OFFSET as `aml dead-letters list` does."
        )
    series = match["series"]
    return NamedOrigin(
        match["topic"], int(match["partition"]), int(match["offset"]), None if series is None else int(series)
    )


def find_dead_letter(postgres: Postgres, origin: NamedOrigin) -> DeadLetter:
    """The message that was refused at that origin.

    Raises:
        NotFound: none was refused there.
    """
    letters = read_dead_letters(postgres, _ONE, **origin._asdict())
    if not letters:
        raise NotFound(f"No message was refused at {origin}: see `aml dead-letters list`.")
    return letters[0]


def replay_one(settings: Settings, postgres: Postgres, origin: NamedOrigin) -> Replay:
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
    names = ("topic", "partition", "series", "offset")
    return {name: getattr(letter, name) for name in names}
