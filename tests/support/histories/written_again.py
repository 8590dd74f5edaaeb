"""Batches written by consumers that begin with them, as after a restart or an older backup of the record."""

from threading import Event

from sqlalchemy import text

from app.stores.postgres import Postgres
from ingest.consumer.batch_writer import BatchWriter
from ingest.consumer.recorded_offsets import RecordedOffsets
from ingest.record.writer import DecodedMessage, WrittenBatch

_GO_BACK = text("""
    UPDATE ingestion_state SET next_offset = :offset
    WHERE topic = 't' AND partition = :partition AND next_offset > :offset
""")


def write_again(postgres: Postgres, batch: list[DecodedMessage]) -> list[WrittenBatch]:
    """Writes a batch of the topic `t`, also where it is written already: the record's offset goes back."""
    with postgres.transaction() as connection:
        for message in reversed(batch):
            connection.execute(_GO_BACK, {"partition": message.partition, "offset": message.offset})
    return BatchWriter(postgres, Event(), RecordedOffsets(postgres, "t"), 1_000).write(batch)
