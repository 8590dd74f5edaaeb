"""The consumer's thread that finishes what `aml import undo` began and did not end."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError

from app.errors import AmlError
from app.record.imports import undoing
from app.stores.postgres import Postgres
from ingest.record.withdrawal import withdraw_import

log = structlog.get_logger()

IDLE_SECONDS: Final = 5.0
STOP_SECONDS: Final = 45.0


class Withdrawer:
    """Looks now and then for undone imports of which something is left, and withdraws it.

    Nothing that PostgreSQL says ends the thread: it tries again. A fault of this program is logged, likewise.
    """

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._stop = Event()
        self._thread = Thread(target=self._run, name="withdrawer", daemon=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Runs the thread inside the block."""
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(IDLE_SECONDS):
            try:
                for import_number in self._postgres.run(undoing):
                    withdraw_import(self._postgres, import_number, stop=self._stop)
            except (AmlError, DBAPIError) as exc:
                log.warning("withdrawal_postponed", reason=str(exc).splitlines()[0])
            except Exception:
                log.exception("withdrawal_failed")
