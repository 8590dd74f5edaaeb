"""What a backlog costs the consumer: its memory and speed while it works off so many messages."""

import time
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from app.errors import AmlError
from app.settings import Settings
from app.stores.kafka import client_options
from bench.machine import machine
from bench.processes import BenchedConsumer
from bench.servers import conditions, servers
from bench.stores import story
from ingest.kafka.producer import produce
from ingest.kafka.topics import MAX_WHOLE_MESSAGE_BYTES

HUGE_BYTES = 10_000_000
HUGE_PARTITIONS = 4


def run(messages: int, *, huge: int) -> dict[str, Any]:
    """Until the record holds all of them; the graph is written meanwhile, and may be behind at the end.

    `huge` messages of 10 MB come before them, on a topic that lets them in: each ends as a dead letter.
    """
    with servers() as s:
        if huge:
            _produce_huge(s.settings, huge)
        produce(story(messages), s.settings)
        began = time.perf_counter()
        with BenchedConsumer() as consumer:
            s.wait_until_ingested(messages + huge, consumer, graph=False)
            seconds = time.perf_counter() - began
            peak = consumer.peak_bytes()
        totals = s.totals()
        return {
            "command": f"aml bench burst --messages {messages} --huge {huge}",
            "machine": machine(),
            **conditions(s.settings),
            "messages": messages,
            "huge_messages": huge,
            "stored": totals.stored,
            "record_seconds": round(seconds, 1),
            "record_per_second": round(messages / seconds),
            "batches": totals.batches,
            "batches_owed_to_the_graph": totals.owed,
            "consumer_peak_mb": round(peak / 2**20),
        }


def _produce_huge(settings: Settings, messages: int) -> None:
    """Somebody else's topic, with messages that nobody should send."""
    options = client_options(settings, "admin")
    most = {"max.message.bytes": str(MAX_WHOLE_MESSAGE_BYTES)}
    topic = NewTopic(settings.transfers_topic, HUGE_PARTITIONS, 1, config=most)
    admin = AdminClient(options)
    admin.create_topics([topic])[topic.topic].result(60)
    producer = Producer({**options, "message.max.bytes": MAX_WHOLE_MESSAGE_BYTES})
    for number in range(messages):
        producer.produce(topic.topic, b"7" * HUGE_BYTES, partition=number % HUGE_PARTITIONS)
        if producer.flush(60):
            raise AmlError("Kafka does not take the huge messages.")
