"""The consumer: messages from Kafka into the record, batch by batch, from where the record is.

A batch and the offset behind it are one transaction: after a crash anywhere no message is written twice.
"""

from collections.abc import Callable
from threading import Event
from time import monotonic

from confluent_kafka import Message as KafkaMessage

from app.errors import DiskFull, InvalidEvent
from app.settings import Settings
from app.stores.postgres import Postgres
from ingest.consumer.batch_size import BatchSize
from ingest.consumer.batch_writer import BatchWriter
from ingest.consumer.disk_guard import DiskGuard
from ingest.consumer.division import describe, is_content_error, log_refusal
from ingest.consumer.recorded_offsets import RecordedOffsets
from ingest.consumer.retry import retry_record
from ingest.consumer.subscription import Subscription
from ingest.contract.import_header import import_id_of
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
    offsets = RecordedOffsets(postgres, settings.transfers_topic)
    dead_letters = DeadLetterProducer(settings, postgres)
    writer = BatchWriter(postgres, stop, offsets, settings.dead_letter_ceiling)
    size = BatchSize(target_seconds=settings.batch_seconds, max_messages=settings.batch_messages)
    subscription = Subscription(settings, offsets, stop)
    disk = DiskGuard(settings)

    def consume_batch() -> None:
        if received := subscription.fetch(size.messages):
            with batch_span(received):
                fault_point("after_poll")
                with step("decode"):
                    messages = [_decode(message, offsets) for message in received]
                fault_point("after_decode")
                started = monotonic()
                with step("record"):
                    batches = writer.write(messages)
                size.observe(len(messages), monotonic() - started, sum(b.restated for b in batches))
                if any(batch.dead for batch in batches) or sum(b.messages for b in batches) < len(messages):
                    with step("dead_letters"):
                        retry_record(stop, lambda: dead_letters.publish(messages))
                fault_point("between_postgres_and_offset_commit")
                with step("offset_commit"):
                    subscription.commit()
                fault_point("after_offset_commit")
                disk.wrote()
                for batch in batches:
                    written(batch)
        subscription.seek_if_lost()

    try:
        while not stop.is_set():
            try:
                retry_record(stop, dead_letters.publish_pending)
                break
            except DiskFull as exc:
                disk.tell(exc)
                disk.wait(stop)
        while not stop.is_set():
            subscription.hold(is_held=disk.is_short())
            try:
                consume_batch()
            except DiskFull as exc:
                disk.tell(exc)
                subscription.rewind()
    finally:
        subscription.close()
        dead_letters.close()


def _decode(message: KafkaMessage, offsets: RecordedOffsets) -> DecodedMessage:
    topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
    key, payload, series = message.key(), message.value(), offsets.series(partition)
    headers = message.headers()
    import_id = import_id_of(headers) if headers else None
    try:
        event = decode(payload, key)
        return DecodedMessage(topic, partition, offset, key, payload, event, series, import_id)
    except InvalidEvent as error:
        return DecodedMessage(topic, partition, offset, key, payload, error, series)
    except Exception as error:
        if not is_content_error(error):
            raise
        log_refusal(partition, offset, error)
        refused = InvalidEvent("not_storable", describe(error))
        return DecodedMessage(topic, partition, offset, key, payload, refused, series)
