"""What tests do to the topic of transfers: delete it, make it anew, delete its messages, send to it."""

from collections.abc import Iterable

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient  # type: ignore[attr-defined] # it is public

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.kafka import client_options
from app.stores.kafka_offsets import partition_offsets
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.topics import ensure_topics
from tests.support.builders import transfer
from tests.support.ingesting import produce_raw, wait_until
from tests.support.record import rows

HOLES = "SELECT partition, reason, from_offset, to_offset FROM holes ORDER BY partition, hole_id"
"""Everything that was told."""


def admin(settings: Settings) -> AdminClient:
    """A client; whoever drops it before an answer is there waits for ever."""
    return AdminClient(client_options(settings, "admin"))


def delete_topic(settings: Settings) -> None:
    client = admin(settings)  # kept until the answer is there
    for deleted in client.delete_topics([settings.transfers_topic], operation_timeout=15).values():
        deleted.result()


def make_topic_anew(settings: Settings) -> None:
    delete_topic(settings)

    def made() -> bool:
        ensure_topics(settings)
        try:
            return bool(partition_offsets(settings, timeout_seconds=10))
        except DependencyMissing:  # its partitions have no leader yet
            return False

    wait_until(made, 30)


def retain(settings: Settings, first: int, partition: int = 0) -> None:
    """Retention: Kafka keeps no message before this one."""
    at = TopicPartition(settings.transfers_topic, partition, first)
    client = admin(settings)
    for deleted in client.delete_records([at]).values():
        deleted.result()


def send(settings: Settings, first: int, end: int) -> None:
    """Transfers by their numbers, all to the partition of their key."""
    messages = [transfer(number, 1, 2, 1_000) for number in range(first, end)]
    produce_raw(settings, [(t.message_key.encode(), encode(t)) for t in messages])


def messages_of(numbers: Iterable[int]) -> list[tuple[bytes, bytes]]:
    """Transfers by their numbers, of many assets and so to all partitions."""
    transfers = [transfer(number, 1, 2, 1_000, asset=f"ASSET{number}") for number in numbers]
    return [(t.message_key.encode(), encode(t)) for t in transfers]


def blocks(postgres: Postgres) -> list[int]:
    """The numbers of the transfers of the record."""
    return [number for (number,) in rows(postgres, "SELECT block_number FROM transactions ORDER BY 1")]
