"""A steady load of transfers on an instance under attack, and what Kafka acknowledged of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event, Lock, Thread
from time import monotonic

import structlog

from app.domain import Transfer
from app.errors import AmlError
from app.settings import Settings
from bench.stores import transfer
from ingest.kafka.producer import produce

log = structlog.get_logger()

CHUNK = 10
ASSETS = tuple(f"FAULT{number}" for number in range(12))
WALLETS = 400


class Load:
    """Sends chunks of transfers again until Kafka acknowledges them; `acknowledged` is when, by the hash."""

    def __init__(self, settings: Settings, rate: float) -> None:
        self._settings = settings
        self._pause = CHUNK / rate
        self._numbers = count(1)
        self._stop = Event()
        self._lock = Lock()
        self.acknowledged: dict[str, float] = {}
        self.amounts: dict[str, int] = {}

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

    def send(self, size: int, deadline: float) -> list[str]:
        """Sends so many transfers until they are acknowledged; answers their hashes.

        Raises:
            AmlError: they are not until the deadline (monotonic seconds), or the load is stopped.
        """
        with self._lock:
            chunk = [_next(next(self._numbers)) for _ in range(size)]
        while True:
            try:
                produce(chunk, self._settings)
            except AmlError:
                if self._stop.is_set() or monotonic() > deadline:
                    raise
                self._stop.wait(0.5)
            else:
                break
        moment = monotonic()
        for each in chunk:
            self.amounts[each.transaction_hash] = each.amount
            self.acknowledged[each.transaction_hash] = moment
        return [each.transaction_hash for each in chunk]

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            try:
                self.send(CHUNK, monotonic() + 60)
            except AmlError as exc:  # what was not acknowledged is nobody's promise
                log.warning("not_acknowledged", reason=str(exc))


def _next(number: int) -> Transfer:
    """Wallets send what others have sent them, in many pools of every asset."""
    asset = ASSETS[number % len(ASSETS)]
    return transfer(number, number % WALLETS, (number * 7 + 1) % WALLETS, 1_000 + number, asset=asset)
