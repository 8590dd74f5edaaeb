"""Running the real consumer inside a test until everything has arrived."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from confluent_kafka import Producer

from app.operations.status import ingestion_status
from app.projection.pending import graph_lag
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.kafka import client_options
from app.stores.kafka_offsets import partition_offsets
from app.stores.postgres import Postgres
from ingest.consumer.service import run
from ingest.kafka.producer import Event as Message
from ingest.kafka.producer import produce
from ingest.kafka.topics import MAX_RECORD_BATCH_BYTES, ensure_topics


def wait_until(holds: Callable[[], bool], seconds: float = 120) -> None:
    """Returns when the condition holds; other processes' progress can only be asked for."""
    deadline = monotonic() + seconds
    while not holds():
        assert monotonic() < deadline, "what was waited for did not happen"
        Event().wait(0.1)


@contextmanager
def consuming(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[Callable[[], bool]]:
    """The consumer runs in a thread inside the block, as its process does; what ended it is raised then.

    Yields a function that says whether it still runs.
    """
    ensure_topics(settings)
    stop = Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            run(settings, postgres, graph, stop)
        except BaseException as exc:  # noqa: BLE001 - raised again by the test's thread
            failures.append(exc)

    thread = Thread(target=work)
    thread.start()
    try:
        yield thread.is_alive
    finally:
        stop.set()
        thread.join(60)
    if failures:
        raise failures[0]


@contextmanager
def reading(
    settings: Settings, postgres: Postgres, graph: Graph
) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """A consumer that runs; yields a wait for a condition during which it must not end."""
    with consuming(settings, postgres, graph) as alive:

        def wait(holds: Callable[[], bool]) -> None:
            wait_until(lambda: not alive() or holds(), 60)
            assert alive(), "the consumer has ended"

        yield wait


def await_ingestion(settings: Settings, postgres: Postgres, graph: Graph, alive: Callable[[], bool]) -> None:
    """Returns when every message is consumed and the graph has caught up, or when the consumer has ended."""

    def arrived() -> bool:
        status = ingestion_status(settings, postgres, graph)
        return not alive() or (status.lag == 0 and not postgres.run(graph_lag).batches)

    wait_until(arrived)


def ingest(settings: Settings, postgres: Postgres, graph: Graph, events: Iterable[Message] = ()) -> None:
    """Produces the events and consumes until both stores hold all that is in the topic."""
    produce(events, settings)
    with consuming(settings, postgres, graph) as alive:
        await_ingestion(settings, postgres, graph, alive)


def produce_raw(
    settings: Settings,
    messages: Iterable[tuple[bytes | None, bytes | None]],
    *,
    most_bytes: int = MAX_RECORD_BATCH_BYTES,
) -> None:
    """Sends (key, payload) pairs as they are."""
    producer = Producer(
        {
            **client_options(settings, "admin"),  # whoever sends what nobody should
            "message.max.bytes": most_bytes,
            "sticky.partitioning.linger.ms": 0,
        }
    )
    for key, payload in messages:
        while True:
            try:
                producer.produce(settings.transfers_topic, payload, key)
            except BufferError:  # the queue is full: wait until Kafka has taken some
                producer.poll(0.5)
            else:
                break
    assert producer.flush(60) == 0


def messages_in_topic(settings: Settings) -> int:
    """How many messages the transfers topic holds."""
    return sum(o.end - o.begin for o in partition_offsets(settings, timeout_seconds=10).values())
