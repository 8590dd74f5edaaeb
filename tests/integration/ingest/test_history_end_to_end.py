"""A random history goes through Kafka, the consumer and both stores: they equal the model, and it never ends.

`AML_HISTORY_EVENTS=100000` (`make test-history`) is the long form.
"""

import os
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import zip_longest

from confluent_kafka import Producer

from app.errors import InvalidEvent
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.kafka import client_options
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.topics import ensure_topics
from ingest.record.writer import DecodedMessage
from tests.support.histories.random_history import PARTITIONS, partitions
from tests.support.histories.record_model import Model, compare
from tests.support.ingesting import await_ingestion, consuming

EVENTS = int(os.environ.get("AML_HISTORY_EVENTS", "2500"))


def send(settings: Settings, messages: Iterable[DecodedMessage]) -> None:
    """Each message to the end of its partition."""
    producer = Producer(
        {
            **client_options(settings, "producer"),
            "enable.idempotence": True,  # else what is sent again may come behind what followed it
        }
    )
    for message in messages:
        event = message.event
        payload = b"{" if isinstance(event, InvalidEvent) else encode(event)
        key = None if isinstance(event, InvalidEvent) else event.message_key
        producer.produce(settings.transfers_topic, payload, key, partition=message.partition)
        producer.poll(0)
    assert producer.flush(60) == 0


def test_a_random_history_through_kafka_ends_where_the_rule_says(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    r, model = random.Random(4), Model()
    queues = partitions(4, EVENTS)
    for queue in queues:  # repeats of messages of the same partition, as after a producer's crash
        again = [queue[n] for n in sorted(r.sample(range(len(queue) // 2), len(queue) // 20))]
        queue += [replace(m, offset=len(queue) + n) for n, m in enumerate(again)]
    middles = [r.randrange(len(queue) // 3, len(queue)) for queue in queues]
    assert len(queues) == settings.topic_partitions == PARTITIONS
    ensure_topics(settings)

    def tell(part: Callable[[int], slice]) -> None:
        told = [queue[part(n)] for n, queue in enumerate(queues)]
        send(settings, (m for round_ in zip_longest(*told) for m in round_ if m is not None))
        for queue in told:
            for message in queue:
                model.add(message)
        await_ingestion(settings, postgres, graph, alive)
        assert alive()
        compare(postgres, graph, model)

    with consuming(settings, postgres, graph) as alive:
        tell(lambda n: slice(None, middles[n]))
        tell(lambda n: slice(middles[n], None))
