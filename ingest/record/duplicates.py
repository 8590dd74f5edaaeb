"""Which messages repeated what was recorded, kept as ranges of offsets: nothing is written for the others."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, text

Origin = tuple[str, int, int]
"""Topic, partition, and series of its offsets."""

# One that is there is joined: the same offsets say the same.
_STORE = text("""
    INSERT INTO duplicates AS d (topic, partition, series, from_offset, offsets)
    VALUES (:topic, :partition, :series, :from_offset, CAST(:offsets AS int8multirange))
    ON CONFLICT (topic, partition, series, from_offset) DO UPDATE SET offsets = d.offsets + EXCLUDED.offsets
""")


def store_duplicates(connection: Connection, messages: Iterable[tuple[Origin, int, bool]]) -> None:
    """Stores which of a batch's messages are duplicates; one row a partition that has some.

    Args:
        connection: the transaction of the batch.
        messages: origin, offset, and whether it is a duplicate; of each partition by offset.
    """
    partitions: dict[Origin, list[tuple[int, bool]]] = defaultdict(list)
    for origin, offset, is_duplicate in messages:
        partitions[origin].append((offset, is_duplicate))
    rows = [
        {
            "topic": topic,
            "partition": partition,
            "series": series,
            "from_offset": ranges[0][0],
            "offsets": f"{{{','.join(f'[{begin},{end})' for begin, end in ranges)}}}",
        }
        for (topic, partition, series), told in partitions.items()
        if (ranges := duplicate_ranges(told))
    ]
    if rows:
        connection.execute(_STORE, rows)


def duplicate_ranges(messages: Iterable[tuple[int, bool]]) -> list[tuple[int, int]]:
    """The duplicates among messages of one partition as ranges (first, after the last), by offset.

    A range goes over offsets that hold no message, such as those of transactions: nobody asks about them.
    """
    ranges: list[tuple[int, int]] = []
    follows = False
    for offset, is_duplicate in messages:
        if is_duplicate:
            begin = ranges.pop()[0] if follows else offset
            ranges.append((begin, offset + 1))
        follows = is_duplicate
    return ranges
