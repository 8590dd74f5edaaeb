"""The record's offsets beside Kafka's: what waits, and what the consumer has not told yet."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from app.operations.status_answer import PartitionStatus
from app.stores.kafka_offsets import Offsets, TopicOffsets


def compare(
    topic: str, recorded: Mapping[int, Row[Any]], kafka: TopicOffsets | None
) -> tuple[list[PartitionStatus], str | None]:
    """Each partition with its lag, and a sentence if Kafka does not hold what the record would read next.

    The lag is counted from the record: messages that Kafka deleted before they were read count until the
    consumer has told them. It is null where it is not known. `kafka` is None where it, or the topic, is
    missing.
    """
    if kafka is None:
        listed = [_partition(topic, number, row, None, None) for number, row in recorded.items()]
        return listed, f"There is no topic {topic}: nothing can arrive. `aml up` makes it."
    listed, problems = [], []
    for number in sorted(recorded.keys() | kafka.partitions.keys()):
        row, offsets = recorded.get(number), kafka.partitions.get(number)
        is_other = row is not None and row.topic_id not in {None, kafka.topic_id}
        if offsets is None:
            if not is_other:  # a topic never loses a partition
                problems.append(f"Partition {number} of {topic} is missing.")
            continue
        next_offset = (0 if recorded else offsets.begin) if row is None or is_other else row.next_offset
        listed.append(_partition(topic, number, row, offsets, next_offset))
        if is_other:
            problems.append(f"Partition {number} of {topic} was made anew, and is not yet read.")
        elif offsets.end < next_offset:
            problems.append(
                f"Partition {number} of {topic} ends at {offsets.end}, before {next_offset}, where the "
                "record is: an older Kafka was put back."
            )
        elif offsets.begin > next_offset:
            problems.append(
                f"{offsets.begin - next_offset} messages of partition {number} of {topic} were deleted "
                "before they were read."
            )
    return listed, " ".join(problems) or None


def _partition(
    topic: str, number: int, row: Row[Any] | None, offsets: Offsets | None, next_offset: int | None
) -> PartitionStatus:
    """`next_offset` is where the partition is read on; null where Kafka is not known."""
    is_known = offsets is not None and next_offset is not None and offsets.end >= next_offset
    return PartitionStatus(
        topic=topic,
        partition=number,
        next_offset=None if row is None else row.next_offset,
        end_offset=None if offsets is None else offsets.end,
        lag=offsets.end - next_offset if is_known and offsets and next_offset is not None else None,
        consumed=0 if row is None else row.consumed,
        stored=0 if row is None else row.stored,
        duplicates=0 if row is None else row.duplicates,
        dead=0 if row is None else row.dead,
    )
