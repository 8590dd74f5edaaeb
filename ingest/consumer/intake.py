"""How much is taken from Kafka at once: bounded in messages, bytes and seconds, whatever the backlog."""

from time import monotonic
from typing import Final

from confluent_kafka import Consumer
from confluent_kafka import Message as KafkaMessage

LEAST_MESSAGES: Final = 50
"""A batch does not shrink below this: what any write costs is then most of its time."""
FIRST_MESSAGES: Final = 1_000
"""The first batch may hold, before any has been timed."""
MOST_BATCH_BYTES: Final = 16 << 20
"""A batch that holds this much takes nothing more."""
QUEUE_KILOBYTES: Final = 16_384
"""librdkafka fetches no more ahead, and so one look into its queue brings no more (and one fetch)."""


def next_size(size: int, messages: int, seconds: float, *, target_seconds: float, most: int) -> int:
    """How many messages the next batch may hold, so that writing one takes about the target.

    A batch that was not full does not say how long a full one takes, so only a full one lets the size grow.
    One step at most doubles or halves it: a stall of a moment is no measure of the speed.

    Args:
        size: how many the last batch might hold.
        messages: how many it held.
        seconds: what writing it took.
        target_seconds: what writing one should take.
        most: never more than this.
    """
    factor = min(2.0, max(0.5, target_seconds / max(seconds, 1e-6)))
    if messages < size:
        factor = min(1.0, factor)
    return min(most, max(LEAST_MESSAGES, round(size * factor)))


class Intake:
    """Takes the next messages of a subscribed consumer, and errors among them."""

    def __init__(self, consumer: Consumer, wait_seconds: float) -> None:
        self._consumer = consumer
        self._wait_seconds = wait_seconds
        self._taken: list[KafkaMessage] = []
        self._bytes = 0

    def take(self, most_messages: int) -> list[KafkaMessage]:
        """What comes within the time to wait, or sooner as much as a batch may hold."""
        self.forget()
        deadline = monotonic() + self._wait_seconds
        while len(self._taken) < most_messages and self._bytes < MOST_BATCH_BYTES:
            # What is in the queue already: waiting for a number of large messages would read on and on.
            more = self._consumer.consume(most_messages - len(self._taken), 0)
            more = more or self._consumer.consume(1, max(0.0, deadline - monotonic()))
            if not more:
                break
            self._taken += more
            self._bytes += sum(map(len, more))
        return self._taken

    def forget(self) -> None:
        """Lets go of what is taken; after a rebalance too, since Kafka gives what is not committed again.

        It may give it to another consumer, which writes it and what comes after: it is too old here then.
        """
        self._taken = []
        self._bytes = 0
