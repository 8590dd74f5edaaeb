"""Publishes a few events at a time, with producers that are kept: a new one needs half a second to begin."""

from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import Final

from confluent_kafka import Producer

from app.settings import Settings
from ingest.kafka.producer import Event, new_producer, publish

MAX_IDLE: Final = 4
MAX_IDLE_SECONDS: Final = 60.0
"""A producer that rested longer is left: Kafka, or the topic, may have been made anew meanwhile."""


class Publisher:
    """Producers that rest between two requests; each serves one request at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: deque[tuple[float, Producer]] = deque()

    def publish(self, events: Sequence[Event]) -> list[tuple[int, int]]:
        """As `ingest.kafka.producer.publish`; after an error its producer is not used again."""
        producer = self._take()
        places = publish(events, self._settings, producer)
        if len(self._idle) < MAX_IDLE:
            self._idle.append((monotonic(), producer))
        return places

    def _take(self) -> Producer:
        while True:
            try:
                since, producer = self._idle.pop()
            except IndexError:
                return new_producer(self._settings)
            if monotonic() - since < MAX_IDLE_SECONDS:
                return producer
