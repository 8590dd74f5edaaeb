"""Notices a client of Kafka that gives nothing although Kafka has messages that the record lacks.

librdkafka has kept partitions paused for good, and waits for a leader epoch that never comes. Whatever the
cause, a new client reads on from where the record is.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final

from app.errors import DependencyMissing
from app.stores.kafka_offsets import TopicOffsets

PATIENCE_SECONDS: Final = 30.0
"""After so long without a message Kafka is asked whether it has any."""
MAX_PATIENCE_SECONDS: Final = 600.0


class StallGuard:
    """Watches what is fetched; each time it speaks up it waits twice as long before the next."""

    def __init__(
        self, ask: Callable[[], TopicOffsets | None], is_behind: Callable[[TopicOffsets], bool]
    ) -> None:
        self._ask = ask
        self._is_behind = is_behind
        self._patience = PATIENCE_SECONDS
        self._since = monotonic()

    def is_stalled(self, messages: int, *, is_reading: bool) -> bool:
        """Whether nothing has come for long although there is something to read.

        Args:
            messages: how many the last fetch gave.
            is_reading: whether the client has partitions, and nobody holds them.
        """
        if messages:
            self._patience = PATIENCE_SECONDS
        if messages or not is_reading:
            self._since = monotonic()
        if monotonic() - self._since < self._patience:
            return False
        self._since = monotonic()
        try:
            topic = self._ask()
        except DependencyMissing:
            return False
        if topic is None or not self._is_behind(topic):
            return False
        self._patience = min(2 * self._patience, MAX_PATIENCE_SECONDS)
        return True
