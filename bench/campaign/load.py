"""A steady load of messages on an instance under attack, and what Kafka acknowledged of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Event, Lock, Thread
from time import monotonic

import structlog

from app.domain import Transfer
from app.errors import AmlError
from app.settings import Settings
from app.stores.kafka_offsets import TopicReader
from bench.campaign.account import Acknowledged, Made
from bench.stores import transfer
from ingest.kafka.producer import publish

log = structlog.get_logger()

CHUNK = 10
BROKEN_EVERY = 50
"""One message in so many breaks the contract."""
ASSETS = tuple(f"FAULT{number}" for number in range(24))
"""So many that every partition has some."""
WALLETS = 400


class Load:
    """Sends chunks of messages again until Kafka acknowledges them: `acknowledged`, in their order."""

    def __init__(self, settings: Settings, rate: float, made: Made) -> None:
        self._settings = settings
        self._topic = TopicReader(settings)
        self._pause = CHUNK / rate
        self._made = made
        self._numbers = count(1)
        self._stop = Event()
        self._lock = Lock()
        self.acknowledged: list[Acknowledged] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Sends in a thread inside the block."""
        thread = Thread(target=self._run, name="load")
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def probe(self, deadline: float) -> list[Acknowledged]:
        """Sends a transfer of every asset, and so to every partition, until all are acknowledged.

        Raises:
            AmlError: they are not until the deadline (monotonic seconds), or the load is stopped.
        """
        with self._lock:
            events = [_transfer(next(self._numbers), asset) for asset in ASSETS]
        return self._send(events, deadline)

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            with self._lock:
                numbers = [next(self._numbers) for _ in range(CHUNK)]
            try:
                self._send([_event(number) for number in numbers], monotonic() + 60)
            except AmlError as exc:  # what was not acknowledged is nobody's promise
                log.warning("not_acknowledged", reason=str(exc))

    def _send(self, events: Sequence[Transfer | bytes], deadline: float) -> list[Acknowledged]:
        is_first = True
        while True:
            try:
                before = self._topic_id()
                places = publish(events, self._settings)
                break
            except AmlError:
                if self._stop.is_set() or monotonic() > deadline:
                    raise
                is_first = False
                self._stop.wait(0.5)
        ids = tuple(each for each in dict.fromkeys((before, self._topic_id_now(deadline))) if each)
        sent = [
            Acknowledged(*_key(event), ids, partition, offset, is_first)
            for event, (partition, offset) in zip(events, places, strict=True)
        ]
        self.acknowledged.extend(sent)
        return sent

    def _topic_id(self) -> str | None:
        topic_id = self._topic.topic_id(timeout_seconds=5)
        self._made.saw(topic_id)
        return topic_id

    def _topic_id_now(self, deadline: float) -> str | None:
        while True:
            try:
                return self._topic_id()
            except AmlError:
                if monotonic() > deadline + 120:
                    raise
                self._stop.wait(0.5)


def _event(number: int) -> Transfer | bytes:
    if number % BROKEN_EVERY == 0:
        return b'{"broken": %d}' % number
    return _transfer(number, ASSETS[number % len(ASSETS)])


def _transfer(number: int, asset: str) -> Transfer:
    """Wallets send what others have sent them, in many pools of every asset."""
    return transfer(number, number % WALLETS, (number * 7 + 1) % WALLETS, 1_000 + number, asset=asset)


def _key(event: Transfer | bytes) -> tuple[str, int | None]:
    return (event.decode(), None) if isinstance(event, bytes) else (event.transaction_hash, event.amount)
