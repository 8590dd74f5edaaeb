"""The consumer: messages from Kafka into the record, batch by batch; the offset is committed afterwards.

A crash anywhere replays a batch, and a replayed batch changes nothing.
"""

from collections.abc import Callable
from threading import Event
from time import monotonic

import structlog
from confluent_kafka import Message as KafkaMessage
from sqlalchemy import Connection

from app.errors import InvalidEvent, TooManyDeadLetters
from app.settings import Settings
from app.stores.postgres import Postgres
from ingest.consumer.fetcher import FIRST_BATCH_MESSAGES, Fetcher, next_batch_size
from ingest.consumer.recorded_offsets import RecordedOffsets
from ingest.consumer.retry import retry_record
from ingest.consumer.subscription import check_errors, commit_offsets, kafka_consumer, subscribe
from ingest.contract.transfer import decode
from ingest.faults import fault_point
from ingest.instruments import batch_span, step
from ingest.kafka.dead_letters import DeadLetterProducer
from ingest.record.writer import DecodedMessage, WrittenBatch, write_batch

log = structlog.get_logger()


def consume(
    settings: Settings, postgres: Postgres, stop: Event, written: Callable[[WrittenBatch], None]
) -> None:
    """Consumes until `stop` is set; calls `written` after each committed batch.

    Raises:
        TooManyDeadLetters: too many messages in a row broke the contract.
        DependencyMissing: Kafka or PostgreSQL has not answered for too long.
    """
    consumer = kafka_consumer(settings)
    offsets = RecordedOffsets(postgres, settings.transfers_topic)
    dead_letters = DeadLetterProducer(settings, postgres)
    retry_record(stop, dead_letters.publish_pending)

    fetcher = Fetcher(consumer, settings.batch_wait_seconds)

    def read_offsets() -> None:
        fetcher.discard()
        retry_record(stop, offsets.read)

    subscribe(consumer, settings.transfers_topic, read_offsets)
    refused_in_a_row = 0
    size = min(FIRST_BATCH_MESSAGES, settings.batch_messages)
    last_answer = monotonic()
    try:
        while not stop.is_set():
            fetched = fetcher.fetch(size)
            last_answer = check_errors(fetched, last_answer)
            received = [message for message in fetched if message.error() is None]
            if not received:
                continue
            with batch_span(received):
                fault_point("after_poll")
                with step("decode"):
                    messages = [_decode(message) for message in received]
                fault_point("after_decode")
                started = monotonic()
                with step("record"):
                    batch, unwritten = _write(postgres, stop, offsets, messages)
                size = next_batch_size(
                    size,
                    len(messages),
                    monotonic() - started,
                    target_seconds=settings.batch_seconds,
                    max_messages=settings.batch_messages,
                )
                if batch is None or batch.dead or len(unwritten) < len(messages):
                    with step("dead_letters"):
                        retry_record(stop, lambda: dead_letters.publish(messages))  # noqa: B023 - run at once
                fault_point("between_postgres_and_offset_commit")
                with step("offset_commit"):
                    commit_offsets(consumer)
                fault_point("after_offset_commit")
                if batch is None:
                    continue
                written(batch)
            refused_in_a_row = refused_in_a_row + len(messages) if len(batch.dead) == len(messages) else 0
            if refused_in_a_row >= settings.dead_letter_ceiling:
                raise TooManyDeadLetters(
                    f"{refused_in_a_row} messages in a row broke the event contract, the last because of "
                    f"{batch.dead[-1][1].reason}. Look at them with `aml dead-letters list`, "
                    "mend the producer, then start the consumer again."
                )
    finally:
        consumer.close()
        dead_letters.close()


def _decode(message: KafkaMessage) -> DecodedMessage:
    topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
    key, payload = message.key(), message.value()
    try:
        return DecodedMessage(topic, partition, offset, key, payload, decode(payload, key))
    except InvalidEvent as error:
        return DecodedMessage(topic, partition, offset, key, payload, error)


def _write(
    postgres: Postgres, stop: Event, offsets: RecordedOffsets, messages: list[DecodedMessage]
) -> tuple[WrittenBatch | None, list[DecodedMessage]]:
    """Writes those messages that no other consumer has written, and says which; None if there are none."""

    def work(
        connection: Connection,
    ) -> tuple[dict[int, int], list[DecodedMessage], WrittenBatch | None]:
        recorded = offsets.lock(connection, messages)
        unwritten = offsets.unwritten(messages, recorded)
        batch = write_batch(connection, unwritten) if unwritten else None
        fault_point("inside_postgres_transaction")
        return recorded, unwritten, batch

    recorded, unwritten, batch = retry_record(stop, lambda: postgres.run(work))
    offsets.advance(recorded, unwritten)
    if len(unwritten) < len(messages):
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
    return batch, unwritten
