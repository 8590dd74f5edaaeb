"""Whether the consumer pauses because a disk is full, or nearly so."""

from threading import Event
from time import monotonic
from typing import Final

import structlog

from app.errors import DiskFull
from app.operations.disk import disk_alarm, fullest_disk
from app.settings import Settings
from ingest.instruments import PAUSED

log = structlog.get_logger()

RETRY_SECONDS: Final = 5.0
"""After so long a write is tried again that a full disk has refused: a separate server tells nothing else."""
CHECK_SECONDS: Final = 1.0


class DiskGuard:
    """Watches the folders that this process can see, and remembers what a server has said of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_short = False
        self._seen: str | None = None
        self._told: str | None = None
        self._next_check = self._told_until = 0.0

    def tell(self, refusal: DiskFull) -> None:
        """A server has refused a write because its disk is full."""
        self._told, self._told_until = str(refusal), monotonic() + RETRY_SECONDS

    def wrote(self) -> None:
        """A batch has been written."""
        self._told = None

    def wait(self, stop: Event) -> None:
        """Returns when there is space, or it is time to try again, or `stop` is set."""
        while self.is_short() and not stop.wait(CHECK_SECONDS):
            pass

    def is_short(self) -> bool:
        """Whether nothing is to be written now; logs when that begins and ends."""
        now = monotonic()
        if now >= self._next_check:
            alarm = disk_alarm(self._settings)
            self._seen = None if alarm is None else alarm.text
            self._next_check = now + CHECK_SECONDS
        self._log(self._seen or self._told)
        return self._seen is not None or now < self._told_until

    def _log(self, reason: str | None) -> None:
        is_short = reason is not None
        if is_short and not self._is_short:
            space = fullest_disk(self._settings)
            log.error("ingestion_paused", reason=reason, fullest=None if space is None else space.folder)
        elif self._is_short and not is_short:
            log.info("ingestion_resumed")
        self._is_short = is_short
        PAUSED.set(is_short)
