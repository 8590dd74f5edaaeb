"""What is large or many is taken in bounded pieces: a message of 10 MB, 64 partitions."""

from collections.abc import Callable

from confluent_kafka import Consumer
from confluent_kafka import Message as KafkaMessage
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from app.operations.status import ingestion_status
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.kafka import client_options
from app.stores.postgres import Postgres
from ingest.consumer.fetcher import MAX_BATCH_BYTES, Fetcher
from ingest.kafka.producer import produce
from ingest.record.writer import STORED_PAYLOAD_BYTES
from tests.support.builders import story
from tests.support.content import is_equal
from tests.support.ingesting import ingest, produce_raw

HUGE = b"7" * 10_000_000


def create_topic(settings: Settings, name: str, *, partitions: int = 1, most_bytes: int) -> None:
    admin = AdminClient(client_options(settings, "admin"))
    topic = NewTopic(name, partitions, 1, config={"max.message.bytes": str(most_bytes)})
    admin.create_topics([topic])[name].result(30)


def reader(settings: Settings, topic: str) -> Consumer:
    consumer = Consumer(
        {
            **client_options(settings, "admin"),
            "group.id": f"{settings.consumer_group}-reader",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    return consumer


def dead_message(settings: Settings) -> tuple[bytes, dict[str, object]]:
    consumer = reader(settings, settings.dead_letter_topic)
    (message,) = consumer.consume(1, 60)
    consumer.close()
    return message.value() or b"", dict(message.headers() or [])


def test_ten_megabytes_are_a_dead_letter_kept_whole_and_the_rest_is_stored(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    create_topic(settings, settings.transfers_topic, most_bytes=12_000_000)
    produce_raw(settings, [(b"k", HUGE)], most_bytes=12_000_000)
    ingest(settings, postgres, graph, story().transfers[:50])

    status = ingestion_status(settings, postgres, graph)
    assert (status.totals.stored, status.dead_letters) == (50, {"too_large": 1})
    payload, headers = dead_message(settings)
    assert (payload == HUGE, headers["reason"], headers["payload_bytes"]) == (True, b"too_large", b"10000000")


def test_a_dead_letter_topic_that_lets_in_less_gets_the_beginning(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    create_topic(settings, settings.transfers_topic, most_bytes=12_000_000)
    create_topic(settings, settings.dead_letter_topic, most_bytes=1_000_000)
    produce_raw(settings, [(b"k", HUGE)], most_bytes=12_000_000)
    ingest(settings, postgres, graph, story().transfers[:50])

    status = ingestion_status(settings, postgres, graph)
    assert (status.totals.stored, status.dead_letters) == (50, {"too_large": 1})
    payload, headers = dead_message(settings)
    assert (payload, headers["payload_bytes"]) == (HUGE[:STORED_PAYLOAD_BYTES], b"10000000")


def test_a_batch_of_large_messages_is_bounded_in_bytes(settings: Settings) -> None:
    create_topic(settings, settings.transfers_topic, most_bytes=1_100_000)
    large = b"7" * 1_000_000
    produce_raw(settings, [(b"k", large)] * 80, most_bytes=1_100_000)
    consumer = reader(settings, settings.transfers_topic)
    fetcher = Fetcher(consumer, wait_seconds=60)

    batches: list[list[KafkaMessage]] = []
    while sum(map(len, batches)) < 60:  # what is left then fills one more: none waits for its time
        batches.append(list(fetcher.fetch(4_000)))
    consumer.close()

    # One look may bring what librdkafka has fetched ahead beyond what filled the batch.
    for batch in batches:
        assert MAX_BATCH_BYTES <= sum(map(len, batch)) < 3 * MAX_BATCH_BYTES
    offsets = [m.offset() for batch in batches for m in batch]
    assert offsets == list(range(len(offsets)))


def test_what_was_fetched_before_a_rebalance_is_discarded() -> None:
    class Rebalanced:
        """Gives one message, then the partitions anew, then another message."""

        def __init__(self) -> None:
            self.answers: list[Callable[[], list[str]]] = [lambda: ["old"], self.rebalance, lambda: ["new"]]

        def rebalance(self) -> list[str]:
            fetcher.discard()
            return []

        def consume(self, _messages: int, _seconds: float) -> list[str]:
            return self.answers.pop(0)() if self.answers else []

    fetcher = Fetcher(Rebalanced(), wait_seconds=1)  # type: ignore[arg-type]  # a real one rebalances when it will
    assert fetcher.fetch(10) == ["new"]


def test_a_topic_of_64_partitions_arrives_whole(settings: Settings, postgres: Postgres, graph: Graph) -> None:
    wide = settings.model_copy(update={"topic_partitions": 64})
    produce(story().transfers, wide)
    # These have a few keys; without one Kafka spreads messages over all partitions.
    produce_raw(wide, [(None, b"{poison")] * 500)
    ingest(wide, postgres, graph)

    status = ingestion_status(wide, postgres, graph)
    assert len(status.partitions) == 64
    assert (status.totals.stored, status.dead_letters) == (1_500, {"not_json": 500})
    assert is_equal(postgres, graph)
