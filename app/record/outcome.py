"""What became of messages that were sent to Kafka: counted by partition, and the refused ones by reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

_COUNTED = text("""
    SELECT partition, max(next_offset) FILTER (WHERE ended_at IS NULL) AS next_offset,
           sum(consumed)::bigint AS consumed, sum(stored)::bigint AS stored,
           sum(duplicates)::bigint AS duplicates, sum(dead)::bigint AS dead
    FROM ingestion_state WHERE topic = :topic GROUP BY partition
""")
_REFUSED = text("""
    SELECT d.reason, count(*) AS refused
    FROM unnest(:partitions ::int[], :firsts ::bigint[], :lasts ::bigint[]) k (partition, first, last)
    JOIN ingestion_state s ON s.topic = :topic AND s.partition = k.partition AND s.ended_at IS NULL
    JOIN dead_letters d ON (d.topic, d.partition, d.series) = (s.topic, s.partition, s.series)
    AND d."offset" BETWEEN k.first AND k.last
    GROUP BY d.reason ORDER BY count(*) DESC, d.reason
""")


class OffsetRange(NamedTuple):
    """Messages of one partition that follow each other, both ends included."""

    partition: int
    first: int
    last: int


class Counts(NamedTuple):
    """What the record has counted of one partition since it began; `next_offset` is where it is."""

    next_offset: int
    consumed: int
    stored: int
    duplicates: int
    dead: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of messages: `consumed` of them, and `waiting` of them not yet.

    `dead_letters` are theirs alone, by reason. The record counts stored ones, duplicates and retractions by
    partition: these counts contain `others`, messages of other producers that were consumed meanwhile.
    """

    consumed: int
    stored: int
    duplicates: int
    retractions: int
    dead_letters: dict[str, int]
    waiting: int
    others: int


def count_partitions(connection: Connection, topic: str) -> dict[int, Counts]:
    """What the record has counted so far, by partition; one that nothing came from is absent."""
    rows = connection.execute(_COUNTED, {"topic": topic})
    return {partition: Counts(*counted) for partition, *counted in rows}


def outcome(
    connection: Connection, topic: str, before: Mapping[int, Counts], ranges: Sequence[OffsetRange]
) -> Outcome:
    """What became of the messages of `ranges`; `before` was counted before the first of them was sent."""
    after = count_partitions(connection, topic)
    sent: Counter[int] = Counter()
    reached: Counter[int] = Counter()
    for partition, first, last in ranges:
        sent[partition] += last - first + 1
        end = min(last + 1, after[partition].next_offset if partition in after else 0)
        reached[partition] += max(0, end - first)
    nothing = Counts(0, 0, 0, 0, 0)
    grown = {
        partition: Counts(*map(int.__sub__, after.get(partition, nothing), before.get(partition, nothing)))
        for partition in sent
    }
    # A topic that was created anew begins below the position the record has: there the count alone tells.
    consumed = sum(min(reached[partition], grown[partition].consumed) for partition in sent)
    stored, duplicates, dead, all_consumed = (
        sum(getattr(counts, name) for counts in grown.values())
        for name in ("stored", "duplicates", "dead", "consumed")
    )
    return Outcome(
        consumed=consumed,
        stored=stored,
        duplicates=duplicates,
        retractions=all_consumed - stored - duplicates - dead,
        dead_letters=_refused(connection, topic, ranges),
        waiting=sent.total() - consumed,
        others=all_consumed - consumed,
    )


def _refused(connection: Connection, topic: str, ranges: Sequence[OffsetRange]) -> dict[str, int]:
    columns = {
        "partitions": [each.partition for each in ranges],
        "firsts": [each.first for each in ranges],
        "lasts": [each.last for each in ranges],
    }
    rows = connection.execute(_REFUSED, {"topic": topic, **columns})
    return {row.reason: row.refused for row in rows}
