"""The consumer: messages from Kafka into the record, batch by batch; the offset is committed afterwards.

A crash anywhere replays a batch, and a replayed batch changes nothing.
"""

from collections.abc import Callable
from threading import Event
from time import monotonic

from confluent_kafka import Message as KafkaMessage

from app.errors import InvalidEvent
from app.settings import Settings
from app.stores.postgres import Postgres
from ingest.consumer.batch_size import BatchSize
from ingest.consumer.batch_writer import BatchWriter
from ingest.consumer.division import describe, is_content_error, log_refusal
from ingest.consumer.fetcher import Fetcher
from ingest.consumer.recorded_offsets import RecordedOffsets
from ingest.consumer.retry import retry_record
from ingest.consumer.subscription import check_errors, commit_offsets, kafka_consumer, subscribe
from ingest.contract.transfer import decode
from ingest.faults import fault_point
from ingest.instruments import batch_span, step
from ingest.kafka.dead_letters import DeadLetterProducer
from ingest.record.writer import DecodedMessage, WrittenBatch


def consume(
    settings: Settings, postgres: Postgres, stop: Event, written: Callable[[WrittenBatch], None]
) -> None:
    """Consumes until `stop` is set; calls `written` after each committed batch.

    Raises:
        DependencyMissing: Kafka or PostgreSQL has not answered for too long.
    """
    consumer = kafka_consumer(settings)
    offsets = RecordedOffsets(postgres, settings.transfers_topic)
    dead_letters = DeadLetterProducer(settings, postgres)
    retry_record(stop, dead_letters.publish_pending)
    writer = BatchWriter(postgres, stop, offsets, settings.dead_letter_ceiling)
    fetcher = Fetcher(consumer, settings.batch_wait_seconds)

    def read_offsets() -> None:
        fetcher.discard()
        retry_record(stop, offsets.read)

    subscribe(consumer, settings.transfers_topic, read_offsets)
    size = BatchSize(target_seconds=settings.batch_seconds, max_messages=settings.batch_messages)
    last_answer = monotonic()
    try:
        while not stop.is_set():
            fetched = fetcher.fetch(size.messages)
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
                    batches = writer.write(messages)
                size.observe(len(messages), monotonic() - started, sum(b.restated for b in batches))
                if any(batch.dead for batch in batches) or sum(b.messages for b in batches) < len(messages):
                    with step("dead_letters"):
                        retry_record(stop, lambda: dead_letters.publish(messages))  # noqa: B023 - run at once
                fault_point("between_postgres_and_offset_commit")
                with step("offset_commit"):
                    commit_offsets(consumer)
                fault_point("after_offset_commit")
                for batch in batches:
                    written(batch)
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
    except Exception as error:
        if not is_content_error(error):
            raise
        log_refusal(partition, offset, error)
        refused = InvalidEvent("not_storable", describe(error))
        return DecodedMessage(topic, partition, offset, key, payload, refused)
