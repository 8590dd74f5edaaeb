"""What the record of the instance holds, for the account of the campaign."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.errors import AmlError
from app.stores.kafka_offsets import TopicReader
from app.stores.postgres import Postgres
from bench.campaign.account import Content, Hole, Made, Series

_ARRIVED = text(
    "SELECT count(DISTINCT transaction_hash) FROM transactions t JOIN batches b USING (batch_id)"
    " WHERE t.transaction_hash = ANY(:hashes) AND b.projected_at IS NOT NULL"
)
_AMOUNTS = text("SELECT transaction_hash, amount FROM transactions")
_SOME_AMOUNTS = text(
    "SELECT transaction_hash, amount FROM transactions WHERE transaction_hash = ANY(:hashes)"
)
_DEAD = text('SELECT partition, series, "offset" FROM dead_letters WHERE topic = :topic')
_SERIES = text("SELECT partition, series, topic_id FROM ingestion_state WHERE topic = :topic")
_HOLES = text(
    "SELECT partition, series, reason, from_offset, to_offset FROM holes"
    " WHERE topic = :topic ORDER BY hole_id"
)
_DOUBLED = text("SELECT count(*) - count(DISTINCT transaction_hash) FROM transactions")


def have_arrived(postgres: Postgres, hashes: Sequence[str]) -> bool:
    """Whether all these transfers are in the record and in the graph."""
    try:
        with postgres.transaction() as connection:
            found = connection.execute(_ARRIVED, {"hashes": list(hashes)}).scalar_one()
    except (AmlError, DBAPIError):
        return False
    return bool(found == len(hashes))


def content(postgres: Postgres, topic: str, hashes: Sequence[str] | None = None) -> Content:
    """What the record holds, of one moment; of transfers only those with these hashes, if there are any."""
    wanted = (_AMOUNTS, {}) if hashes is None else (_SOME_AMOUNTS, {"hashes": list(hashes)})
    with postgres.transaction(snapshot=True) as connection:
        amounts = {row.transaction_hash: int(row.amount) for row in connection.execute(*wanted)}
        dead = frozenset(tuple(row) for row in connection.execute(_DEAD, {"topic": topic}))
        series = tuple(Series(*row) for row in connection.execute(_SERIES, {"topic": topic}))
        holes = tuple(Hole(*row) for row in connection.execute(_HOLES, {"topic": topic}))
    return Content(amounts, dead, series, holes)


def doubled(postgres: Postgres) -> int:
    """How many transfers the record holds more than once."""
    with postgres.transaction() as connection:
        return int(connection.execute(_DOUBLED).scalar_one())


def look_at_topic(reader: TopicReader, made: Made) -> None:
    """Remembers which topic is there, and what the campaign has deleted of it."""
    topic = reader.offsets(timeout_seconds=10)
    if topic is None:
        return
    made.saw(topic.topic_id)
    if topic.topic_id in made.emptying:
        for partition, offsets in topic.partitions.items():
            made.emptied_to(topic.topic_id, partition, offsets.begin)
