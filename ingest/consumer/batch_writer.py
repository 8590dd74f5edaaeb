"""Writes fetched messages into the record, except those that another consumer has written."""

from collections.abc import Sequence
from threading import Event

import structlog
from sqlalchemy import Connection

from app.stores.postgres import Postgres
from ingest.consumer.division import write_divided
from ingest.consumer.recorded_offsets import RecordedOffsets
from ingest.consumer.retry import retry_record
from ingest.faults import fault_point
from ingest.record.positions import Position
from ingest.record.writer import DecodedMessage, WrittenBatch, write_batch

log = structlog.get_logger()


class BatchWriter:
    """One consumer's writes into the record."""

    def __init__(
        self, postgres: Postgres, stop: Event, offsets: RecordedOffsets, dead_letter_ceiling: int
    ) -> None:
        self._postgres = postgres
        self._stop = stop
        self._offsets = offsets
        self._ceiling = dead_letter_ceiling
        self._is_alarmed = False

    def write(self, messages: Sequence[DecodedMessage]) -> list[WrittenBatch]:
        """Writes the messages in order: as one batch, or as several where the record refuses one.

        Raises:
            DependencyMissing: PostgreSQL stays away, or `stop` is set meanwhile.
        """
        return [batch for batch in write_divided(messages, self._write) if batch is not None]

    def _write(self, messages: Sequence[DecodedMessage]) -> WrittenBatch | None:
        def work(
            connection: Connection,
        ) -> tuple[dict[int, Position], list[DecodedMessage], WrittenBatch | None]:
            recorded = self._offsets.lock(connection, messages)
            unwritten = self._offsets.unwritten(messages, recorded)
            batch = write_batch(connection, unwritten) if unwritten else None
            fault_point("inside_postgres_transaction")
            return recorded, unwritten, batch

        recorded, unwritten, batch = retry_record(self._stop, lambda: self._postgres.run(work))
        self._offsets.advance(messages, recorded, unwritten)
        if self._offsets.went_back:
            log.warning("record_went_back", messages=len(messages) - len(unwritten))
        elif len(unwritten) < len(messages):
            log.warning("written_by_another_consumer", messages=len(messages) - len(unwritten))
        if batch is not None:
            log.info(
                "batch_written",
                messages=len(unwritten),
                stored=batch.stored,
                duplicates=batch.duplicates,
                dead=len(batch.dead),
                restated=batch.restated,
            )
            self._log_alarm(batch)
        return batch

    def _log_alarm(self, batch: WrittenBatch) -> None:
        """Logs once when the ceiling is reached, and once when a good message has come."""
        is_alarmed = batch.refused_in_a_row >= self._ceiling
        if is_alarmed and not self._is_alarmed:
            reason = batch.dead[-1][1].reason
            log.error("too_many_dead_letters", in_a_row=batch.refused_in_a_row, reason=reason)
        elif self._is_alarmed and not is_alarmed:
            log.info("dead_letter_alarm_ended")
        self._is_alarmed = is_alarmed
