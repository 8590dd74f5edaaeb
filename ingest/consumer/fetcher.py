"""How much is fetched from Kafka for one batch: bounded in messages, bytes and seconds, whatever the lag."""

from time import monotonic
from typing import Final

from confluent_kafka import Consumer
from confluent_kafka import Message as KafkaMessage

MIN_BATCH_MESSAGES: Final = 50
"""A batch does not shrink below this: most of its time is then what every write costs."""
FIRST_BATCH_MESSAGES: Final = 1_000
"""Of the first batch, before any has been timed."""
MAX_BATCH_BYTES: Final = 16 << 20
"""Once a batch holds this much, no message is added."""
QUEUE_KILOBYTES: Final = 16_384
"""librdkafka prefetches no more, so one read of its queue brings no more (and one fetch)."""


def next_batch_size(
    size: int, messages: int, seconds: float, *, target_seconds: float, max_messages: int
) -> int:
    """How many messages the next batch may hold, so that writing it takes about the target.

    A batch that was not full does not show how long a full one takes, so only a full one lets the size grow.
    One step at most doubles or halves it: a momentary stall is no measure of the speed.

    Args:
        size: how many the last batch might hold.
        messages: how many it held.
        seconds: what writing it took.
        target_seconds: what writing one should take.
        max_messages: never more than this.
    """
    factor = min(2.0, max(0.5, target_seconds / max(seconds, 1e-6)))
    if messages < size:
        factor = min(1.0, factor)
    return min(max_messages, max(MIN_BATCH_MESSAGES, round(size * factor)))


class Fetcher:
    """Fetches the next messages of a subscribed consumer, and errors among them."""

    def __init__(self, consumer: Consumer, wait_seconds: float) -> None:
        self._consumer = consumer
        self._wait_seconds = wait_seconds
        self._messages: list[KafkaMessage] = []
        self._bytes = 0

    def fetch(self, max_messages: int) -> list[KafkaMessage]:
        """The messages that arrive within the time to wait, or sooner as many as a batch may hold."""
        self.discard()
        deadline = monotonic() + self._wait_seconds
        while len(self._messages) < max_messages and self._bytes < MAX_BATCH_BYTES:
            # First what is queued already: waiting for a number of large messages would read without end.
            more = self._consumer.consume(max_messages - len(self._messages), 0)
            more = more or self._consumer.consume(1, max(0.0, deadline - monotonic()))
            if not more:
                break
            self._messages += more
            self._bytes += sum(map(len, more))
        return self._messages

    def discard(self) -> None:
        """Drops the fetched messages; called in a rebalance too, as Kafka delivers uncommitted ones again.

        Kafka may deliver them to another consumer, which writes them and what follows: here they are too old.
        """
        self._messages = []
        self._bytes = 0
